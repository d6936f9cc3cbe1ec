"""What judges has a digest, and every rule is in it."""

from pathlib import Path

from mailflow.policy.kit import kit_digest


def test_the_digest_of_the_kit_is_that_of_features_and_steps_whatever_the_line_ends(tmp_path: Path) -> None:
    def digest(text: bytes, name: str = "a.feature") -> str:
        project = tmp_path / f"{name}-{text.hex()}"
        (project / "features").mkdir(parents=True)
        (project / "steps").mkdir()
        (project / "features" / name).write_bytes(text)
        (project / "features" / "notes.txt").write_bytes(text)
        return kit_digest(project)

    assert digest(b"one\ntwo\n") == digest(b"one\r\ntwo\r\n")
    assert len({digest(b"one\n"), digest(b"two\n"), digest(b"one\n", "b.feature")}) == 3
