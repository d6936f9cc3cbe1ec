"""A run is judged again from its evidence.json alone: the same verdicts, offline, and only beside the same folder."""

import json
import shutil
from pathlib import Path

import pytest

from mailflow.observe.recording import digest
from tests.in_a_process import ROOT, judge, report_of


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of one's own with something wrong in it."""
    folder = tmp_path_factory.mktemp("plans") / "ours"
    shutil.copytree(ROOT / "fixtures" / "scenario-4", folder)
    zone = folder / "zones" / "contoso.com.zone"
    zone.write_text(zone.read_text(encoding="utf-8").replace("ip4:", "ipv4:"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def first(plan: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = tmp_path_factory.mktemp("first")
    assert judge("--environment", plan, "--reports", reports).returncode == 1
    return reports


def test_the_same_verdicts(plan: Path, first: Path, tmp_path: Path) -> None:
    evidence = first / "ours" / "simulated" / "evidence.json"
    again = judge("--mode", "recorded", "--evidence", evidence, "--environment", plan, "--reports", tmp_path)
    assert again.returncode == 1, again.stdout
    before, after = report_of(first, "ours", "simulated"), report_of(tmp_path, "ours", "recorded")
    assert after["requirements"] == before["requirements"]
    assert after["counts"]["non-compliant"] > 0
    assert (after["run"]["mode"], after["run"]["stage"]) == ("recorded", "plan")
    assert after["environment"]["digest"] == before["environment"]["digest"]
    kept = json.loads((tmp_path / "ours" / "recorded" / "evidence.json").read_text(encoding="utf-8"))
    assert kept["observations"] == json.loads(evidence.read_text(encoding="utf-8"))["observations"]


def test_another_plan_is_not_judged_by_it(plan: Path, first: Path, tmp_path: Path) -> None:
    changed = tmp_path / "ours"
    shutil.copytree(plan, changed)
    zone = changed / "zones" / "contoso.com.zone"
    zone.write_text(zone.read_text(encoding="utf-8") + "; changed\n", encoding="utf-8")
    evidence = first / "ours" / "simulated" / "evidence.json"
    again = judge("--mode", "recorded", "--evidence", evidence, "--environment", changed, "--reports", tmp_path / "r")
    assert again.returncode == 4
    assert "found a recording of ours with the digest " in again.stderr
    assert "Judge it beside the folder of which it was made." in again.stderr


def test_what_was_cut_out_of_the_evidence_is_noticed(plan: Path, first: Path, tmp_path: Path) -> None:
    """One message less, and the row about it would rest on the others."""
    content = json.loads((first / "ours" / "simulated" / "evidence.json").read_text(encoding="utf-8"))
    del content["observations"]["paths"]["contoso.com"]["from the Internet to a cloud mailbox"][0]
    evidence = tmp_path / "evidence.json"
    evidence.write_text(json.dumps(content), encoding="utf-8")
    again = judge("--mode", "recorded", "--evidence", evidence, "--environment", plan, "--reports", tmp_path / "r")
    assert again.returncode == 4
    told = " ".join(again.stderr.split())
    assert f"found observations with the digest {digest(content['observations'])[:12]}…; expected those that" in told
    assert "Something was changed in it, or cut out of it, since." in told
    assert not (tmp_path / "r").exists()


def test_evidence_of_the_future_is_none(plan: Path, first: Path, tmp_path: Path) -> None:
    content = json.loads((first / "ours" / "simulated" / "evidence.json").read_text(encoding="utf-8"))
    content["observations"]["at"] = "2199-01-01T00:00:00Z"
    content["observations_digest"] = digest(content["observations"])
    evidence = tmp_path / "evidence.json"
    evidence.write_text(json.dumps(content), encoding="utf-8")
    again = judge("--mode", "recorded", "--evidence", evidence, "--environment", plan, "--reports", tmp_path / "r")
    assert again.returncode == 4
    assert (
        "found a recording of ours made at 2199-01-01 00:00 UTC, in the future; expected one of the past"
        in again.stderr
    )
