"""Settings that nobody has read lately are not verified in a live run; those of these days say of which day."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.export_age import OLDEST, without_stale_exports
from mailflow.exchange.known import Unknown, export_again
from mailflow.judge import directory, outbound
from mailflow.policy.finding import Finding, Verdict, worst
from tests.judge.test_no_observation import ROWS

NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)


def exported(environment: Environment, tenant: datetime | None, own: datetime | None = NOW) -> Environment:
    online = replace(environment.microsoft_365.online, exported=tenant)
    exchange = replace(environment.on_premises.exchange, exported=own)
    return replace(
        environment,
        microsoft_365=replace(environment.microsoft_365, online=online),
        on_premises=replace(environment.on_premises, exchange=exchange),
    )


CASES = [
    (None, "nobody says when the exports of Microsoft 365 were made: there is no exported.json beside them"),
    (NOW - timedelta(days=15), "the exports of Microsoft 365 are of 2026-05-17 (exported.json), more than 14 days old"),
    (NOW + timedelta(days=2), "the exports of Microsoft 365 are of 2026-06-03 (exported.json), which is in the future"),
]


@pytest.mark.parametrize(("made", "why"), CASES)
def test_exports_of_another_time_say_nothing(s4: Any, made: datetime | None, why: str) -> None:
    changed = without_stale_exports(exported(s4.environment, made), NOW)
    said = [getattr(changed.microsoft_365.online, one.name) for one in fields(changed.microsoft_365.online)]
    assert said == [Unknown(why)] * 12 + [made]
    finding, _ = outbound.for_domain(changed, s4.domain)
    assert (finding.verdict, finding.seen) == (Verdict.NOT_VERIFIED, why)
    assert export_again(finding.seen) == (
        "Export again with gather.ps1, which writes exported.json beside the exports (mailflow gather)"
    )


def test_of_the_own_servers_too(s4: Any) -> None:
    changed = without_stale_exports(exported(s4.environment, NOW, None), NOW)
    why = "nobody says when the exports of the own Exchange servers were made: there is no exported.json beside them"
    assert {getattr(changed.on_premises.exchange, one.name) for one in fields(changed.on_premises.exchange)} == {
        Unknown(why),
        None,
    }
    assert not isinstance(changed.microsoft_365.online.mailboxes, Unknown)


@pytest.mark.parametrize("scenario", ["scenario-2", "scenario-4"])
@pytest.mark.parametrize("row", ROWS)
def test_no_row_of_settings_is_green_by_exports_that_are_too_old(world: Any, scenario: str, row: str) -> None:
    def verdict(of: Environment) -> Verdict:
        found = ROWS[row](replace(world(scenario), environment=of))
        return worst(one.verdict for one in ([found] if isinstance(found, Finding) else found))

    environment = world(scenario).environment
    old = NOW - OLDEST - timedelta(seconds=1)
    assert verdict(without_stale_exports(exported(environment, NOW - OLDEST, NOW - OLDEST), NOW)) is verdict(
        environment
    )
    stale = verdict(without_stale_exports(exported(environment, old, old), NOW))
    assert stale in (Verdict.NOT_VERIFIED, Verdict.NOT_APPLICABLE)
    assert (stale is Verdict.NOT_APPLICABLE) <= (verdict(environment) is Verdict.NOT_APPLICABLE)


def test_what_was_never_supplied_keeps_its_reason(s4: Any) -> None:
    lacking = s4.online(mail_users=Unknown("Get-MailUser.json was not supplied")).environment
    changed = without_stale_exports(exported(lacking, None), NOW)
    assert changed.microsoft_365.online.mail_users == Unknown("Get-MailUser.json was not supplied")


def test_evidence_says_of_which_day_an_export_is(s4: Any) -> None:
    changed = without_stale_exports(exported(s4.environment, NOW - timedelta(days=3)), NOW)
    finding = directory.accepted(changed, s4.domain)
    assert finding.verdict is Verdict.COMPLIANT
    places = {one.of for one in finding.evidence if one.of.startswith("exchange-online/")}
    assert places
    assert all(place.endswith(", exported 2026-05-29") for place in places)
    before = directory.accepted(s4.environment, s4.domain)
    assert places == {f"{one.of}, exported 2026-05-29" for one in before.evidence}
