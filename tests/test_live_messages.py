"""A live run with messages and exports of these days: what they show is judged, and judged alike from the recording."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mailflow.door import RECORDED, Look, open_door
from mailflow.environment.environment import Cutover, Environment, Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.judge import alignment, directory, disposition, outbound, signature
from mailflow.judge import path as judge
from mailflow.judge.arrival import arrivals
from mailflow.observe.door import Door
from mailflow.observe.path import Disposition, Place
from mailflow.observe.pieces import whole
from mailflow.observe.recording import read, written
from mailflow.policy.finding import Verdict
from tests.published import published

FIXTURES = Path(__file__).parents[1] / "fixtures"
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Scenario 4, with its messages and exports as if they were of yesterday."""
    folder = tmp_path_factory.mktemp("live") / "scenario-4"
    shutil.copytree(FIXTURES / "scenario-4", folder)
    for message in (folder / "messages").glob("*.eml"):
        text = message.read_text(encoding="utf-8")
        day = format_datetime(YESTERDAY).rpartition(" ")[0].rpartition(" ")[0]
        message.write_text(text.replace("Mon, 1 Jun 2026", day), encoding="utf-8")
    for side in ("exchange-online", "exchange-server"):
        (folder / side / "exported.json").write_text(json.dumps({"at": YESTERDAY.isoformat()}), encoding="utf-8")
    return replace(load(folder), cutover=Cutover(Stage.AFTER, YESTERDAY - timedelta(days=1)))


@pytest.fixture(scope="module")
def look(four: Environment) -> Iterator[Look]:
    with published(four) as found:
        yield found


@pytest.fixture(scope="module")
def door(four: Environment, look: Look) -> Iterator[Door]:
    with open_door(four, look) as opened:
        yield opened


def test_the_way_of_received_messages_is_judged(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    outbound_mail = door.paths(domain, Kind.ON_PREMISES_TO_INTERNET)
    assert [path.source for path in outbound_mail] == ["messages/on-premises-to-internet.eml"]
    findings = [
        disposition.delivered(door.environment, outbound_mail),
        judge.passes(outbound_mail, [Place.ON_PREMISES, Place.MICROSOFT_365]),
        judge.leaves_from(outbound_mail, Place.MICROSOFT_365),
        judge.attributed(outbound_mail),
        judge.by_connector(door.paths(domain, Kind.CLOUD_TO_ON_PREMISES)),
        judge.over_tls(door.paths(domain, Kind.ON_PREMISES_TO_CLOUD)),
    ]
    assert [finding.verdict for finding in findings] == [Verdict.COMPLIANT] * 6


def test_sessions_and_messages_together_show_every_kind(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    open_ = {kind: [p for p in door.paths(domain, kind) if p.disposition is Disposition.UNSEEN] for kind in Kind}
    # A stranger's message to the own side: its 250 at RCPT proves nothing, and nobody has sent and saved one.
    assert {kind for kind, paths in open_.items() if paths} == {Kind.STRANGER_TO_ON_PREMISES}


def test_settings_are_judged_by_exports_of_these_days(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    found, connector = outbound.for_domain(door.environment, domain)
    fits = outbound.certificate_fits(door.environment, connector)
    known = directory.ways_known(door.environment, domain)
    assert [one.verdict for one in (found, fits, known)] == [Verdict.COMPLIANT] * 3
    assert "shown by mail.contoso.com [131.107.21.231]" in {one.of for one in fits.evidence}  # and not the PEM file
    assert found.evidence[0].of.endswith(f", exported {YESTERDAY.date()}")


def test_signatures_and_dmarc_are_judged_where_the_messages_arrived(four: Environment, door: Door) -> None:
    """By their octets they are others since: the test has dated them anew, so that what receivers wrote counts."""
    (domain,) = four.domains
    paths = {kind: door.paths(domain, kind) for kind in Kind}
    every = [path for several in paths.values() for path in several]
    signed = signature.every_arrival_is_signed(four, domain, every, arrivals(paths))
    kinds = "from a cloud mailbox to the Internet, from an on-premises mailbox to the Internet"
    report = "non-delivery report from an on-premises server to the Internet"
    assert (signed.verdict, signed.seen) == (
        Verdict.COMPLIANT,
        f"so did every one that arrived (3): {kinds}, {report}",
    )
    told = "DKIM signature of contoso.com (selector2): pass, as the receiver wrote; the file was changed"
    assert [item.answer[1] for item in signed.evidence] == [told] * 3
    passes = alignment.every_arrival_passes(four, domain, paths, alignment.look(four, domain, paths, door.drive))
    assert (passes.verdict, passes.seen.partition(":")[0]) == (
        Verdict.COMPLIANT,
        "so did every one that arrived (5)",
    )


def test_the_recording_says_the_same(four: Environment, door: Door) -> None:
    (domain,) = four.domains
    kept = read(whole(written(door.recording())), "evidence.json")
    with open_door(four, Look(RECORDED, Stage.AFTER, kept)) as again:
        for kind in Kind:
            assert again.paths(domain, kind) == door.paths(domain, kind)
        assert again.environment.microsoft_365.online == door.environment.microsoft_365.online


def test_after_the_change_messages_from_before_it_show_nothing(four: Environment, look: Look) -> None:
    (domain,) = four.domains
    changed = replace(four, cutover=Cutover(Stage.BEFORE, datetime.now(UTC) - timedelta(hours=1)))
    with open_door(changed, look) as door:  # --stage after
        (path,) = door.paths(domain, Kind.INTERNET_TO_ON_PREMISES)
    assert path.disposition is Disposition.UNSEEN
    assert "before the change of the MX record" in path.assumptions[0]


def test_without_exported_json_no_setting_is_green(look: Look) -> None:
    plan = load(FIXTURES / "scenario-4")
    with open_door(plan, look) as door:
        found, _ = outbound.for_domain(door.environment, plan.domains[0])
    why = "nobody says when the exports of Microsoft 365 were made: there is no exported.json beside them"
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, why)
