"""Certificates that connectors of the own servers name: each is to outlive the change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.judge.stored_certificate import outlive_the_change
from mailflow.policy.finding import Finding, Verdict

SEND = "Send connector 'Outbound to Office 365 - 5b0d7d1e-6f0c-4f6b-9c1a-2e9d1c7b8a40'"
END = datetime(2026, 12, 9, 21, tzinfo=UTC)  # of scenario 1: a day of the old TTL, and 72 hours
BEFORE = END - timedelta(days=2)


def told(found: Finding) -> tuple[Verdict, str]:
    return found.verdict, found.seen


def ending(world: Any, *ends: Any) -> Any:
    """Give the first certificate of the store as often as there are ends, and no other."""
    one = world.environment.on_premises.exchange.certificates[0]
    return world.exchange(certificates=tuple(replace(one, not_after=end) for end in ends)).environment


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((END,), (Verdict.COMPLIANT, "so is 1")),
        ((BEFORE,), (Verdict.NON_COMPLIANT, f"the one that {SEND} names ends on 2026-12-07 at 21:00 UTC")),
        ((BEFORE, END), (Verdict.COMPLIANT, "so are 2")),
        ((Unknown("the export lacks it"),), (Verdict.NOT_VERIFIED, "the export lacks it")),
        ((BEFORE, Unknown("the export lacks it")), (Verdict.NOT_VERIFIED, "the export lacks it")),
        ((), (Verdict.NOT_APPLICABLE, "the store has none of those that connectors name")),
    ],
)
def test_the_longest_of_one_name_counts(s1: Any, ends: Any, expected: tuple[Verdict, str]) -> None:
    found = outlive_the_change(ending(s1, *ends))
    assert told(found) == expected
    assert [one.of for one in found.evidence if "NotAfter" in one.asked] == [one.of for one in found.evidence]


def test_what_is_asked_names_the_end(s1: Any) -> None:
    asked = "every certificate that a connector of the own servers names is valid until the change is over"
    assert outlive_the_change(s1.environment).asked == f"{asked}, 2026-12-09T22:00:00+01:00"
    found = outlive_the_change(s1.change(cutover=None).environment)
    assert (found.asked, *told(found)) == (
        asked,
        Verdict.NOT_APPLICABLE,
        "environment.yaml names no change of the MX record (cutover)",
    )


def test_without_exchange_nothing_names_one(s1: Any) -> None:
    assert told(outlive_the_change(s1.not_exchange().environment)) == (Verdict.NOT_APPLICABLE, "no connector names one")


def test_a_connector_that_is_disabled_names_none(s1: Any) -> None:
    exports = s1.environment.on_premises.exchange
    off = s1.exchange(
        send_connectors=tuple(replace(one, enabled=False) for one in exports.send_connectors),
        receive_connectors=tuple(replace(one, enabled=False) for one in exports.receive_connectors),
    )
    assert told(outlive_the_change(off.environment)) == (Verdict.NOT_APPLICABLE, "no connector names one")


@pytest.mark.parametrize("export", ["send_connectors", "receive_connectors", "certificates"])
def test_what_is_not_exported_is_not_known(s1: Any, export: str) -> None:
    found = outlive_the_change(s1.exchange(**{export: Unknown("no export")}).environment)
    assert told(found) == (Verdict.NOT_VERIFIED, "no export")


def test_each_server_has_a_store_of_its_own(s1: Any) -> None:
    """That of the other server does not help the one whose copy ends."""
    one = s1.environment.on_premises.exchange.certificates[0]
    stores = (replace(one, server="EX01", not_after=END), replace(one, server="EX02", not_after=BEFORE))
    found = outlive_the_change(s1.exchange(certificates=stores).environment)
    assert told(found) == (Verdict.NON_COMPLIANT, f"the one that {SEND} names ends on 2026-12-07 at 21:00 UTC")
