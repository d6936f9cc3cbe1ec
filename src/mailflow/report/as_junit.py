"""The run as JUnit XML, for the pages of a build server. Red exactly where the exit status is not 0."""

import xml.etree.ElementTree as ET
from datetime import UTC
from pathlib import PurePosixPath

from mailflow.policy.finding import Verdict
from mailflow.policy.requirement import Result
from mailflow.policy.run import Run
from mailflow.report.printable import printable
from mailflow.report.words import sentence, spoken


def report(run: Run) -> bytes:
    """Write `junit.xml`: a testcase for each row, then one for completeness and one for the waivers.

    A blocking row is a failure (non-compliant) or an error (not verified). A row that is open and does
    not block is skipped, with its verdict in words, like one that is not applicable or waived. The last
    two cases fail where the run is incomplete or a waiver does not hold, although every row is good.
    """
    blocking = {id(result) for result in run.blocking()}
    cases = [_row(result, blocks=id(result) in blocking) for result in run.results]
    cases += [_completeness(run), _waivers(run)]
    started = run.started.astimezone(UTC)
    suite = _element(
        "testsuite",
        name=f"{run.environment} {run.mode}",
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        timestamp=started.isoformat(timespec="seconds"),
        time=f"{max((run.finished - run.started).total_seconds(), 0):.3f}",
    )
    suite.append(
        _properties(
            organization=run.organization,
            mode=run.mode,
            stage=run.stage,
            digest=run.digest,
            decision=run.decision.value,
        )
    )
    suite.extend(cases)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _row(result: Result, *, blocks: bool) -> ET.Element:
    demanded = result.requirement
    domain = result.domain or "tenant"
    case = _element(
        "testcase",
        classname=_class(PurePosixPath(demanded.path).stem, domain),
        name=f"{demanded.id} {domain}: {demanded.title}",
        time="0",  # rows are not timed; where it is missing, readers of GitHub show NaN
        file=demanded.path,
        line=str(demanded.line),
    )
    case.append(
        _properties(
            id=demanded.id,
            domain=result.domain or "",
            level=demanded.level.value,
            verdict=result.verdict.value,
        )
    )
    if result.verdict is Verdict.COMPLIANT:
        return case
    told = result.waiver or result.reason
    if not blocks:
        case.append(_element("skipped", message=f"{spoken(result.verdict)} ({demanded.level}): {told}"))
        return case
    remedy = result.remedy or demanded.remedy
    ended = _element(
        "failure" if result.verdict is Verdict.NON_COMPLIANT else "error",
        type=result.verdict.value,
        message=told,
    )
    steps = [f"{step.keyword} {step.text}: {spoken(step.status)}" for step in result.steps]
    ended.text = printable("\n".join([*steps, "", told, *(["", f"Remedy: {remedy}"] if remedy else [])]))
    case.append(ended)
    return case


def _class(package: str, name: str) -> str:
    """Write a class name: Jenkins and Azure Pipelines take what stands before the last dot for its package."""
    return ".".join(part.replace(".", "_") for part in (package, name))


def _completeness(run: Run) -> ET.Element:
    case = _element("testcase", classname="run.completeness", name="Everything planned was judged", time="0")
    done = run.completeness
    if not (done.whole and done.judged):
        error = _element("error", type="incomplete", message=sentence(run))
        error.text = printable("\n".join([*done.deselected, *done.undefined, *done.errors]))
        case.append(error)
    return case


def _waivers(run: Run) -> ET.Element:
    case = _element("testcase", classname="run.waivers", name="Every waiver holds", time="0")
    if run.waiver_mistakes:
        case.append(_element("failure", type="waiver", message="\n".join(run.waiver_mistakes)))
    return case


def _properties(**properties: str) -> ET.Element:
    """Name and value pairs, in the form that pytest's `record_property` made common."""
    all_of_them = ET.Element("properties")
    all_of_them.extend(_element("property", name=name, value=value) for name, value in properties.items())
    return all_of_them


def _element(tag: str, /, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: printable(value) for name, value in attributes.items()})
