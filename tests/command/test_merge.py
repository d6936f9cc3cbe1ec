"""`mailflow merge`: four shards become the run that one machine would have made."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mailflow.__main__ import main
from mailflow.policy.comparison import compare
from mailflow.policy.run import Decision
from mailflow.report.read import read, read_recording
from tests.in_a_process import judge

WHERE = Path("scenario-4") / "simulated"

pytestmark = pytest.mark.slow  # everything that is shipped is judged once more, in four parts


def judged(reports: Path, *options: str) -> None:
    run = judge("--reports", reports, *options, timeout_s=300)
    assert run.returncode in (0, 1), run.stdout + run.stderr


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The reports of four shards over every environment that is shipped: ten times a domain or a tenant."""
    folders = [tmp_path_factory.mktemp(f"shard-{number}") for number in (1, 2, 3, 4)]
    with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as lanes:  # each is a process of its own
        list(lanes.map(judged, folders, ("--shard=1/4", "--shard=2/4", "--shard=3/4", "--shard=4/4")))
    return folders


def test_four_shards_are_one_run(
    shards: list[Path], shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", *map(str, shards), "--reports", str(tmp_path / "merged")]) == 0
    names = sorted(path.parents[1].name for path in shipped.glob("*/simulated/report.json"))
    assert len(names) >= 5
    told = capsys.readouterr().out
    for name in names:
        assert f"✓ {name} (Contoso), simulated: Ready\n  Everything planned was judged" in told
        one = read(shipped / name / "simulated" / "report.json")
        merged = read(tmp_path / "merged" / name / "simulated" / "report.json")
        assert [(r.requirement.id, r.domain) for r in merged.results] == [
            (r.requirement.id, r.domain) for r in one.results
        ]
        found = compare(one, merged)
        assert (found.changes, found.same) == ((), len(one.results))
        assert merged.completeness == one.completeness
    recording = read_recording(tmp_path / "merged" / WHERE / "evidence.json")
    whole = read_recording(shipped / WHERE / "evidence.json")
    assert {answer.question for answer in recording.answers} == {answer.question for answer in whole.answers}
    assert recording.paths.keys() == whole.paths.keys()


def test_without_one_shard_the_whole_is_incomplete(
    shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", *map(str, shards[1:]), "--reports", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "Incomplete\n  No requirement fails, but" in told
    incomplete = [
        run for file in tmp_path.glob("*/simulated/report.json") if (run := read(file)).decision is Decision.INCOMPLETE
    ]
    missing = [name for run in incomplete for name in run.completeness.deselected]
    left_out = [result for file in shards[0].glob("*/simulated/report.json") for result in read(file).results]
    assert len(missing) == len(left_out) > 0


def mistake(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["merge", *arguments]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_what_is_no_shard(shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = mistake(capsys, str(tmp_path), "--reports", str(tmp_path / "merged"))
    assert (
        told == f"{tmp_path.as_posix()}: found no report.json in it; expected a folder of reports, or of one report.\n"
    )
    assert not (tmp_path / "merged").exists()


def test_evidence_that_is_not_that_of_the_report(
    shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shards[0] / WHERE, copy)
    (copy / "evidence.json").write_text("{}", encoding="utf-8")
    assert "evidence.json: found a file of the digest " in mistake(capsys, str(copy))
    (copy / "evidence.json").unlink()
    assert "evidence.json: found no such file; expected the evidence of the report beside it." in mistake(
        capsys, str(copy)
    )


def test_shards_of_different_plans(shards: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(shards[0] / WHERE, copy)
    told = json.loads((copy / "report.json").read_text(encoding="utf-8"))
    told["environment"]["digest"] = "0" * 64
    (copy / "report.json").write_text(json.dumps(told), encoding="utf-8")
    sides = [str(copy), str(shards[1] / WHERE), "--reports", str(tmp_path / "merged")]
    assert mistake(capsys, *sides) == (
        "mailflow merge: found scenario-4, simulated: two shards differ in digest; expected shards of one run.\n"
    )
