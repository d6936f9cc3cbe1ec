"""What a scenario found travels between processes as text, and comes back as it was."""

from mailflow.plugin.record import Record, packed, unpacked
from mailflow.policy.feature import Key
from mailflow.policy.finding import Evidence, Finding, Verdict
from mailflow.policy.requirement import Level, Requirement, Step
from mailflow.policy.way import Demand, Hop, Way

REQUIREMENT = Requirement("S4-PATH-1", Level.MUST, "title", "feature", (), "remedy", "why", "a.feature", 3)
KEY = Key("scenario-4", "contoso.com", "S4-PATH-1")
WAY = Way("a kind", "kate@contoso.com", (Hop("a", "the Internet"), Hop("b", "Microsoft 365", "TLSv1.3")), "delivered")
DEMAND = Demand(passes=("the Internet", "Microsoft 365"), never=("elsewhere",), kinds=("a kind",), tls=True)


def test_a_result_comes_back_as_it_was() -> None:
    record = Record(REQUIREMENT, "contoso.com", [("when", "When", "it is sent"), ("then", "Then", "it arrives")])
    record.begin()
    record.end()
    record.begin()
    shown = (Evidence("path", "message 1", "records", ("1. a", "2. b"), WAY), Evidence("dns", "MX", "server", ()))
    record.conclude(Finding(Verdict.NON_COMPLIANT, "asked", "seen", "mend", shown, ("a note",), DEMAND))
    record.end()
    result = record.result()
    assert result.steps[-1] == Step("Then", "it arrives", "non-compliant", "asked", "seen", (DEMAND,))
    assert result.evidence == shown
    assert unpacked(packed(KEY, 2, result), {"S4-PATH-1": REQUIREMENT}) == (KEY, 2, result)


def test_an_error_comes_back_as_it_was() -> None:
    assert unpacked(packed(KEY, 0, "ValueError: \u2028"), {}) == (KEY, 0, "ValueError: \u2028")
