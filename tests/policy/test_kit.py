"""What judges has a digest, every rule is in it, and where it lies makes no difference."""

import shutil
from pathlib import Path

import pytest

import mailflow
from mailflow.policy.kit import kit_digest

ROOT = Path(__file__).parents[2]


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


def test_a_checkout_and_an_installed_package_have_the_same_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = kit_digest(ROOT)
    package = tmp_path / "site-packages" / "mailflow"
    shutil.copytree(ROOT / "src" / "mailflow", package)
    for room in ("features", "steps"):
        shutil.copytree(ROOT / room, package / "shipped" / room)
    monkeypatch.setattr(mailflow, "__file__", str(package / "__init__.py"))
    assert kit_digest(ROOT) == checkout
    assert kit_digest(tmp_path) == checkout  # beside a report alone

    changed = package / "shipped" / "features" / "every_scenario.feature"
    changed.write_text(changed.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert kit_digest(tmp_path) != checkout
    shutil.rmtree(package / "shipped" / "steps")
    assert kit_digest(ROOT) != checkout
