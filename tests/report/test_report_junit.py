import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Level
from mailflow.policy.run import Completeness, Decision
from mailflow.report import as_junit
from mailflow.report.printable import printable


def cases(written: bytes) -> list[ET.Element]:
    return list(ET.fromstring(written).iter("testcase"))


def properties(element: ET.Element) -> dict[str, str]:
    return {one.get("name", ""): one.get("value", "") for one in element.findall("properties/property")}


def ended(case: ET.Element) -> list[tuple[str, str]]:
    return [(one.tag, one.get("message", "")) for one in case if one.tag != "properties"]


def test_a_case_for_each_row_with_its_verdict(build) -> None:
    run = build()
    *found, completeness, waivers = cases(as_junit.report(run))
    assert [properties(case) for case in found] == [
        {"id": r.requirement.id, "domain": r.domain or "", "level": r.requirement.level, "verdict": r.verdict}
        for r in run.results
    ]
    assert [(case.get("name"), ended(case)) for case in found] == [
        ("S4-MX-1 contoso.com: title", [("skipped", "not applicable (must): reason of S4-MX-1")]),
        ("S4-MX-2 tenant: title", [("skipped", "not applicable (should): reason of S4-MX-2")]),
        ("S4-MX-3 contoso.com: title", []),
        ("S4-MX-4 tenant: title", []),
        ("S4-MX-5 contoso.com: title", [("skipped", "waived (must): W-7: accepted by Kim until 2026-12-31")]),
        ("S4-MX-6 tenant: title", [("skipped", "waived (should): W-7: accepted by Kim until 2026-12-31")]),
        ("S4-MX-7 contoso.com: title", [("error", "reason of S4-MX-7")]),
        ("S4-MX-8 tenant: title", [("skipped", "not verified (should): reason of S4-MX-8")]),
        ("S4-MX-9 contoso.com: title", [("failure", "reason of S4-MX-9")]),
        ("S4-MX-10 tenant: title", [("skipped", "non-compliant (should): reason of S4-MX-10")]),
    ]
    assert {(case.get("classname"), case.get("file"), case.get("line")) for case in found} == {
        ("scenario_4.contoso_com", "features/scenario_4.feature", "7"),
        ("scenario_4.tenant", "features/scenario_4.feature", "7"),
    }
    assert ended(completeness)[0][0] == "error"
    assert completeness.findtext("error") == "\n".join(
        f"scenario_4.feature: {rest}"
        for rest in ("S4-MX-97 for contoso.com (-k)", "S4-MX-98 for contoso.com", "S4-MX-99 for contoso.com")
    )
    assert ended(waivers) == [("failure", "W-3 expired on 2026-11-01")]


def test_the_numbers_of_the_suite(build) -> None:
    suite = ET.fromstring(as_junit.report(build())).find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors", "skipped", "time")} == {
        "name": "scenario-4 simulated",
        "tests": "12",
        "failures": "2",
        "errors": "2",
        "skipped": "6",
        "time": "3.000",
    }
    assert suite.get("timestamp") == "2026-11-23T16:20:05+00:00"
    assert properties(suite)["decision"] == "not-ready"


def test_a_failure_tells_the_steps_and_the_remedy(build, row) -> None:
    found = cases(as_junit.report(build(results=[row(Verdict.NON_COMPLIANT, "A-1")])))[0]
    assert found.findtext("failure") == (
        "Given a condition: done\nWhen it is looked up: a status nobody knows\nThen it is so: non-compliant\n"
        "And so is that: not reached\nAnd that too: error\n\nreason of A-1\n\nRemedy: own remedy"
    )


def test_hostile_text_is_valid_xml(build, hostile) -> None:
    run = build(hostile)
    *found, _, _ = cases(as_junit.report(run))
    told = [(properties(case)["id"], properties(case)["verdict"]) for case in found]
    assert told == [(printable(result.requirement.id), result.verdict) for result in run.results]
    assert {element.tag for element in ET.fromstring(as_junit.report(run)).iter()} == {
        "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped",
    }  # fmt: skip


@given(
    verdicts=st.lists(st.tuples(st.sampled_from(Verdict), st.sampled_from(Level)), max_size=4),
    missing=st.integers(-1, 1),
    fields=st.fixed_dictionaries({"strict": st.booleans(), "waiver_mistakes": st.sampled_from([(), ("W-3 expired",)])}),
)
def test_red_exactly_where_the_exit_status_is_not_0(build, row, verdicts, missing, fields) -> None:
    results = [row(verdict, "A-1", level=level) for verdict, level in verdicts]
    done = Completeness(len(results) + missing, len(results))
    run = build(results=results, completeness=done, **fields)
    red = any(
        case.find("failure") is not None or case.find("error") is not None for case in cases(as_junit.report(run))
    )
    assert red == (run.decision in (Decision.NOT_READY, Decision.INCOMPLETE))


def test_what_readers_of_build_servers_ask_of_each_case(build, hostile) -> None:
    """Jenkins: a package and a class; GitHub's readers: a time; Azure Pipelines: an outcome of at most one element."""
    for run in (build(), build(hostile)):
        for case in cases(as_junit.report(run)):
            assert case.get("time") == "0"
            assert (case.get("classname") or "").count(".") == 1
            assert len(ended(case)) <= 1
