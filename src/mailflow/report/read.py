"""`report.json` and `evidence.json` read back: the same run again, or what is wrong with the file.

The file may come from a build server, a colleague or a stranger. It is held to report.schema.json, and to itself:
the decision that it states must follow from the rows in it.
"""

from datetime import datetime
from pathlib import Path

from mailflow.environment.environment import Waiver
from mailflow.environment.layout import Resemblance
from mailflow.input_error import InputError, Mistake
from mailflow.observe import recording
from mailflow.observe.path import Place
from mailflow.observe.recording import Recording
from mailflow.policy.feature import row_name
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.misfit import Misfit
from mailflow.policy.readiness import NoWindow, PlannedMx, Readiness, Window
from mailflow.policy.requirement import Level, Requirement, Result, Source, Standing, Step
from mailflow.policy.run import Completeness, Decision, Observed, Run
from mailflow.policy.signature import SHOWN
from mailflow.policy.way import Demand, Hop, Way
from mailflow.records.mx_change import Lowered, MxChange
from mailflow.report import as_json
from mailflow.report.json_part import Part, open_json

FILE = "report.json"
_CHANGED = "It was changed after it was written."


def read(path: Path) -> Run:
    """Read the run that a report.json tells; a comparison in it is left aside.

    Raises:
        InputError: no such file, no JSON, another schema, or not what report.schema.json describes; the mistake
            names the line, or the place by its JSON pointer (RFC 6901).

    """
    top = open_json(path)
    if (schema := top["schema"]).number() != as_json.SCHEMA:
        schema.fail(str(as_json.SCHEMA), "Another version of Mailflow wrote it: read it with that one.")
    if (kit := top["kit"]["name"]).text() != "mailflow":
        kit.fail("mailflow")
    run, environment = top["run"], top["environment"]
    told = Run(
        kit_version=top["kit"]["version"].text(),
        mode=run["mode"].text(),
        stage=run["stage"].text(),
        started=run["started"].time(),
        finished=run["finished"].time(),
        environment=environment["name"].text(),
        organization=environment["organization"].text(),
        digest=environment["digest"].text(),
        microsoft_365_data=environment["microsoft_365_data"].text(),
        domains={domain["name"].text(): domain["scenario"].scenario() for domain in environment["domains"].items()},
        results=tuple(_result(result) for result in top["requirements"].items()),
        completeness=_completeness(top["completeness"]),
        strict=run["strict"].flag(),
        waiver_mistakes=top["waiver_mistakes"].texts(),
        readiness=None if top["readiness"].is_null() else _readiness(top["readiness"]),
        misfits=tuple(map(_misfit, top["misfits"].items())),
        ran_by=run["ran_by"].text(),
        ran_on=run["ran_on"].text(),
        again=run["again"].text(),
        advice={scenario: said.texts() for scenario, said in top["advice"].by_scenario()},
        files={name: one.text() for name, one in environment["files"].named()},
        kit_digest=top["kit"]["digest"].text(),
        observed=_observed(run["observed"]),
        evidence_digest=top["evidence"]["digest"].text(),
    )
    if (decision := top["decision"]).word(Decision) is not told.decision:
        decision.fail(f"'{told.decision}', which follows from the rows", _CHANGED)
    if (judged := top["completeness"]["judged"]).number() != len(told.results):
        judged.fail(f"{len(told.results)}, as many as there are rows", _CHANGED)
    if len({row_name(one.requirement, one.domain) for one in told.results}) != len(told.results):
        top["requirements"].fail("each row once", _CHANGED)
    for verdict, count in told.counts().items():
        if (stated := top["counts"][verdict]).number() != count:
            stated.fail(f"{count}, as many as there are among the rows", _CHANGED)
    return told


def _observed(seen: Part) -> Observed | None:
    if seen.is_null():
        return None
    return Observed(seen["mode"].text(), seen["at"].time(), seen["vantage"].text())


def read_recording(path: Path) -> Recording:
    """Read what was observed out of an evidence.json, to be judged again.

    Raises:
        InputError: as `read` does.

    """
    found = read_observations(path)
    if found is None:
        told = "no observations", "what was observed", "The run that wrote it looked at nothing."
        raise InputError(Mistake(path.as_posix(), None, *told))
    return found


def read_observations(path: Path) -> Recording | None:
    """Read what was observed out of an evidence.json; None where the run that wrote it looked at nothing.

    Raises:
        InputError: as `read` does, or they are not all that the run wrote there.

    """
    top = open_json(path)
    if (observations := top["observations"]).is_null():
        return None
    wrote, content = top["observations_digest"].text(), observations.as_it_is()
    if isinstance(content, dict) and (here := recording.digest(content)) != wrote:
        told = f"observations with the digest {here[:SHOWN]}…", f"those that the run wrote ({wrote[:SHOWN]}…)"
        raise InputError(Mistake(path.as_posix(), None, *told, "Something was changed in it, or cut out of it, since."))
    return recording.read(content, path.as_posix())


def _completeness(done: Part) -> Completeness:
    return Completeness(
        done["planned"].number(),
        done["judged"].number(),
        done["deselected"].texts(),
        done["undefined"].texts(),
        done["errors"].texts(),
        done["unused_features"].texts(),
    )


def _readiness(change: Part) -> Readiness:
    at = None if change["at"].is_null() else change["at"].due().astimezone(change["offset"].offset())
    return Readiness(
        at,
        tuple(
            PlannedMx(
                planned["domain"].text(),
                planned["records"].texts(),
                None if planned["ttl"].is_null() else planned["ttl"].seconds(),
            )
            for planned in change["planned"].items()
        ),
        tuple(_window(window, at) for window in change["windows"].items()),
        tuple(NoWindow(one["domain"].text(), one["why"].text()) for one in change["without_window"].items()),
    )


def _window(window: Part, due: datetime | None) -> Window:
    lowered = window["lowered"]
    if due is None or window["at"].time() != due:
        window["at"].fail("the time of the change, which is the same for all domains", _CHANGED)
    change = MxChange(
        at=due,
        old_ttl=window["old_ttl"].seconds(),
        new_ttl=window["new_ttl"].seconds(),
        refresh=window["refresh"].seconds(),
        lowered=None if lowered.is_null() else Lowered(lowered["ttl"].seconds(), lowered["at"].due()),
    )
    told = Window(window["domain"].text(), window["before"].texts(), change, window["none_for"].seconds())
    follows = as_json.window(told)
    for name in ("lower_by", "lowered_everywhere", "old_until", "keep_old_until", "latest_way_back", "way_back"):
        if window[name].as_it_is() != follows[name]:
            window[name].fail(f"{follows[name] or 'null'}, which follows from the rest", _CHANGED)
    return told


def _misfit(misfit: Part) -> Misfit:
    return Misfit(
        misfit["domains"].texts(),
        misfit["declared"].text(),
        misfit["words"].text(),
        tuple(
            Resemblance(layout["scenario"].text(), layout["fits"].texts(), layout["contradicts"].texts())
            for layout in misfit["layouts"].items()
        ),
    )


def _result(row: Part) -> Result:
    requirement = Requirement(
        id=row["id"].text(),
        level=row["level"].word(Level),
        title=row["title"].text(),
        scenario=row["scenario"].text(),
        sources=tuple(
            Source(source["document"].text(), source["section"].text(), source["standing"].word(Standing))
            for source in row["sources"].items()
        ),
        remedy=row["remedy"].text(),
        why=row["why"].text(),
        path=row["feature"]["path"].text(),
        line=row["feature"]["line"].number(),
    )
    return Result(
        requirement=requirement,
        domain=row["domain"].text_or_none(),
        verdict=row["verdict"].word(Verdict),
        reason=row["reason"].text(),
        remedy="",  # the file has one remedy: the finding's own, or else the requirement's
        notes=row["notes"].texts(),
        steps=tuple(map(_step, row["steps"].items())),
        evidence=tuple(map(_evidence, row["evidence"].items())),
        beneath=row["beneath"].word_or_none(Verdict),
        waiver=row["waiver"].text(),
        accepted=None if row["accepted"].is_null() else _waiver(row["accepted"]),
    )


def _waiver(waiver: Part) -> Waiver:
    return Waiver(
        id=waiver["id"].text(),
        domain=waiver["domain"].text_or_none(),
        reason=waiver["reason"].text(),
        risk=waiver["risk"].text(),
        approver=waiver["approver"].text(),
        ticket=waiver["ticket"].text(),
        starts=waiver["starts"].text(),
        until=waiver["until"].text(),
        origin=waiver["origin"].text(),
    )


def _step(step: Part) -> Step:
    return Step(
        step["keyword"].text(),
        step["text"].text(),
        step["status"].text(),
        step["asked"].text(),
        step["seen"].text(),
        tuple(map(_demand, step["demands"].items())),
    )


def _demand(demand: Part) -> Demand:
    return Demand(
        endings=demand["endings"].texts(),
        ends_at=_place_or_empty(demand["ends_at"]),
        passes=tuple(place.word(Place) for place in demand["passes"].items()),
        never=tuple(place.word(Place) for place in demand["never"].items()),
        enters=_place_or_empty(demand["enters"]),
        leaves=_place_or_empty(demand["leaves"]),
        tls=demand["tls"].flag(),
        attributed=demand["attributed"].flag(),
        connector=demand["connector"].flag(),
        kinds=demand["kinds"].texts(),
    )


def _place_or_empty(place: Part) -> str:
    return place.word(Place) if place.text() else ""


def _evidence(seen: Part) -> Evidence:
    way = seen["way"]
    return Evidence(
        seen["kind"].text(),
        seen["asked"].text(),
        seen["of"].text(),
        seen["answer"].texts(),
        None if way.is_null() else _way(way),
    )


def _way(way: Part) -> Way:
    return Way(
        kind=way["kind"].text(),
        recipient=way["recipient"].text(),
        hops=tuple(
            Hop(
                hop["host"].text(),
                hop["place"].word(Place),
                hop["tls"].text_or_none(),
                hop["connector"].text_or_none(),
                hop["attributed"].flag_or_none(),
            )
            for hop in way["hops"].items()
        ),
        ending=way["ending"].text(),
        ended_at=_place_or_empty(way["ended_at"]),
        reply=way["reply"].text(),
        assumed=way["assumed"].flag(),
    )
