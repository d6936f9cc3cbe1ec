"""A simulated environment is looked at by the same eye, its name servers included, and by no other way."""

from pathlib import Path

from mailflow.door import open_door
from mailflow.environment.load import load
from mailflow.records.answer import MxRecord, Outcome

SCENARIO_4 = Path(__file__).parents[2] / "fixtures" / "scenario-4"


def test_the_planned_name_servers_answer_on_loopback() -> None:
    with open_door(load(SCENARIO_4)) as door:
        found = door.authoritative("contoso.com", "MX")
        resolver = door.lookup("contoso.com", "MX").server
    assert [(one.server, one.address) for one in found] == [
        ("ns1.contoso.com", "192.0.2.53"),
        ("ns2.contoso.com", "198.51.100.53"),
    ]
    for one in found:
        assert (one.answer.outcome, one.answer.values) == (Outcome.FOUND, (MxRecord(10, "mail.contoso.com"),))
        assert (one.answer.server, one.answer.tries) == (resolver, ())
    assert resolver.startswith("127.0.0.1:")
