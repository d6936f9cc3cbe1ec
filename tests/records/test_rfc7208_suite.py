"""Every case of the RFC 7208 test suite (tests/records/rfc7208/README.md says where it comes from)."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, drive
from mailflow.records.spf import check_host

SUITE = Path(__file__).parent / "rfc7208" / "rfc7208-tests.yml"
SCENARIOS: list[dict[str, Any]] = list(yaml.safe_load_all(SUITE.read_text(encoding="utf-8")))
DEFAULT = "DEFAULT"  # the suite's word for "no explanation"


class Zone:
    """The suite's zone data. A name without a TXT record of its own gets its SPF records as TXT."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self.names: dict[str, list[Any]] = {}
        for name, entries in data.items():
            records = [next(iter(entry.items())) for entry in entries if isinstance(entry, dict)]
            if not any(of_type == "TXT" for of_type, _ in records):
                records += [("TXT", value) for of_type, value in records if of_type == "SPF"]
            times_out = "TIMEOUT" in entries
            self.names[name.lower().rstrip(".")] = [*records, *(["TIMEOUT"] if times_out else [])]

    def answer(self, question: Question) -> Answer:
        name = question.name
        for _ in range(8):
            records = self.names.get(name)
            if records is None:
                return Answer(question, Outcome.NXDOMAIN)
            values = tuple(
                value(*record)
                for record in records
                if record != "TIMEOUT" and record[0] == question.type and record[1] != "NONE"
            )
            if values:
                return Answer(question, Outcome.FOUND, values)
            if "TIMEOUT" in records:
                return Answer(question, Outcome.TIMEOUT)
            alias = next((record[1] for record in records if record[0] == "CNAME"), None)
            if alias is None:
                return Answer(question, Outcome.NO_DATA)
            name = alias.lower().rstrip(".")
        return Answer(question, Outcome.SERVFAIL)  # an alias that leads to itself


def value(of_type: str, written: Any) -> MxRecord | IPv4Address | IPv6Address | str:
    match of_type:
        case "A" | "AAAA":
            return ip_address(written)
        case "MX":
            return MxRecord(written[0], written[1] or ".")
        case "TXT":
            return "".join(written)
    return str(written).rstrip(".")


def _cases() -> Iterator[Any]:
    for scenario in SCENARIOS:
        for name, case in scenario["tests"].items():
            yield pytest.param(scenario["zonedata"], case, id=f"{scenario['description']}-{name}")


CASES = tuple(_cases())


def test_the_suite_is_complete() -> None:
    assert len(CASES) == 203
    assert sum("explanation" in case.values[1] for case in CASES) >= 14


@pytest.mark.parametrize(("zone", "case"), CASES)
def test_case(zone: dict[str, list[Any]], case: dict[str, Any]) -> None:
    sender, helo = case["mailfrom"], case["helo"]
    domain = sender.rpartition("@")[2] or helo
    found = drive(check_host(ip_address(case["host"]), domain, sender, helo), Zone(zone).answer)

    allowed = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert found.result in allowed
    assert bool(found.reason) == (found.result in ("permerror", "temperror"))
    if "explanation" in case:
        assert (found.explanation or DEFAULT) == case["explanation"]
