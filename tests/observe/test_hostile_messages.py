"""Whatever lies in messages/: a path, or nothing seen; never a crash, never a hang, never proof."""

import base64
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.environment.environment import Stage
from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.input_error import InputError
from mailflow.judge import disposition, evidence, trust
from mailflow.judge import path as judge
from mailflow.judge.arrival import arrivals
from mailflow.observe.messages import read_messages
from mailflow.observe.path import Disposition, MailPath, Place
from mailflow.policy.finding import Verdict
from tests.observe.conftest import FIXTURES, NOW

ENVIRONMENT = load(FIXTURES / "scenario-4")
SHIPPED = {path.name: path.read_bytes() for path in sorted((FIXTURES / "scenario-4" / "messages").glob("*.eml"))}
LINES = sorted({line for text in SHIPPED.values() for line in text.splitlines(keepends=True)})


def judged(environment: Any, kind: Kind, paths: tuple[MailPath, ...]) -> list[Verdict]:
    """Ask every question that is asked of paths; the answers and their evidence can be written."""
    domain = environment.domains[0]
    findings = [
        disposition.delivered(environment, paths),
        disposition.refused(paths),
        disposition.refused_or_returned(paths),
        judge.passes(paths, [Place.ON_PREMISES, Place.MICROSOFT_365]),
        judge.never_passes(paths, Place.INTERNET),
        judge.enters_at(paths, Place.ON_PREMISES),
        judge.leaves_from(paths, Place.MICROSOFT_365),
        judge.leaves_as_expected(environment, domain, paths),
        judge.does_not_go_back(paths),
        judge.attributed(paths),
        judge.over_tls(paths),
        judge.by_connector(paths),
        disposition.forwards_as_expected(environment, paths),
        trust.kept_in_both_directions(environment, paths),
    ]
    for arrival in arrivals({kind: paths}):
        next(arrival.asking(), None)
    for path in paths:
        assert sum(map(len, evidence.path(path).answer)) < 2_000_000
    return [finding.verdict for finding in findings]


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, bytes]:
    """A message as it was received, with pieces cut out, doubled, written over, or lines of others put in."""
    name = draw(st.sampled_from(sorted(SHIPPED)))
    text = SHIPPED[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 200)))
        middle = draw(
            st.sampled_from([b"", text[start:end] * 2, b"\n\n", b"\0", b"\xff\xfe", b"=?utf-8?B?/w==?=", b"\r"])
            | st.sampled_from(LINES)
            | st.binary(max_size=9)
        )
        text = text[:start] + middle + text[end:]
    return name, text


@given(spoiled())
@settings(deadline=None)
def test_a_spoiled_message_is_read_and_judged(case: tuple[str, bytes]) -> None:
    name, content = case
    found: dict[Kind, tuple[MailPath, ...]] = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = replace(ENVIRONMENT, folder=Path(folder))
        (Path(folder) / "messages").mkdir()
        (Path(folder) / "messages" / name).write_bytes(content)
        with suppress(InputError):  # what is no message any more is told, and nothing is judged
            found = read_messages(environment, environment.domains[0], NOW, Stage.BEFORE)
    for kind, paths in found.items():
        judged(environment, kind, paths)
        for path in paths:
            assert path.disposition is not Disposition.UNSEEN or path.assumptions
            assert path.disposition is not Disposition.DELIVERED or path.hops


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_what_is_no_message_shows_nothing(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = replace(ENVIRONMENT, folder=Path(folder))
        (Path(folder) / "messages").mkdir()
        (Path(folder) / "messages" / "cloud-to-cloud.eml").write_bytes(b"Subject: x\n" + content)
        paths = read_messages(environment, environment.domains[0], NOW, Stage.BEFORE)[Kind.CLOUD_TO_CLOUD]
    assert {path.disposition for path in paths} == {Disposition.UNSEEN}
    assert disposition.delivered(environment, paths).verdict is Verdict.NOT_VERIFIED


TRACE = "Received: from a (192.0.2.1) by b with ESMTP id 1; Mon, 1 Jun 2026 10:00:00 +0000\n"
NESTED = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(20_000))
SHIPPED_TEXT = SHIPPED["internet-to-cloud.eml"].decode()
BOMB = base64.b64encode(b"\0" * 900_000).decode()


@pytest.mark.parametrize(
    "content",
    [
        TRACE * 20_000,
        SHIPPED_TEXT + "x" * 5_000_000,
        SHIPPED_TEXT + NESTED,
        NESTED,
        'Content-Type: multipart/report; boundary="a"\n\n' + "--a\n\n" * 200_000,
        f"Content-Type: application/zip\nContent-Transfer-Encoding: base64\n\n{BOMB}",
        SHIPPED_TEXT.replace("Received: ", f"Received: {'(' * 100_000}", 1),
        SHIPPED_TEXT.replace("Received: from ", f"Received: from {'a' * 900_000} ", 1),
        SHIPPED_TEXT.replace("Subject: ", f"Subject: {'=?utf-8?Q?=FF?= ' * 20_000}", 1),
        SHIPPED_TEXT.replace("From: ", f"From: {'a@' * 200_000}", 1),
        SHIPPED_TEXT.replace("To: ", f"To: {', '.join(f'a{n}@b.example' for n in range(20_000))}, ", 1),
        f"X-MS-Exchange-CrossTenant-Id: {'3f1c6a52-' * 50_000}\n{SHIPPED_TEXT}",
        "X-OrganizationHeadersPreserved: x\n" * 20_000 + SHIPPED_TEXT,
    ],
    ids=lambda content: f"{content[:20]!r} {len(content)}",
)
def test_a_message_without_measure_is_read_in_bounds(mail: Any, content: str) -> None:
    """Bounded by what is looked at, not by a clock: each of these takes well below a second."""
    mail.only().save("internet-to-cloud.eml", content)
    judged(mail.environment, Kind.INTERNET_TO_CLOUD, mail.paths(Kind.INTERNET_TO_CLOUD))


def test_more_files_than_anybody_saves(mail: Any) -> None:
    mail.only()
    for number in range(501):
        mail.save(f"cloud-to-cloud-{number}.eml", SHIPPED["cloud-to-cloud.eml"])
    with pytest.raises(InputError, match=r"^messages/: found 501 messages; expected at most 500\.$"):
        mail.paths(Kind.CLOUD_TO_CLOUD)


def test_a_message_that_claims_the_best_way_on_its_way_is_not_believed(mail: Any, header: Any) -> None:
    """All that a stranger wrote stands below the field of the first host that is known."""
    claims = SHIPPED_TEXT.partition("From: John")[0].replace("Return-Path: john@fabrikam.com\n", "")
    door = (
        "from mail.fabrikam.com (198.51.100.99) by CY4PEPF0000E9CD.mail.protection.outlook.com (10.0.0.1) with "
        "Microsoft SMTP Server (version=TLS1_3, cipher=X) id 15.20.7181.19 via Frontend Transport"
    )
    text = header(door).replace("+0000\nFrom:", f"+0000\n{claims}From:")
    assert text.count("Received:") == 7
    one = mail.only().save("internet-to-cloud.eml", text).path(Kind.INTERNET_TO_CLOUD)
    assert one.places == (Place.INTERNET, Place.MICROSOFT_365)
    found = judge.passes([one], [Place.ON_PREMISES, Place.MICROSOFT_365])
    assert found.verdict is Verdict.NON_COMPLIANT
