"""A run that holds every verdict and every kind of evidence, in whatever words a test wants."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import pytest

from mailflow.environment.environment import Waiver
from mailflow.environment.layout import Resemblance
from mailflow.policy.finding import Evidence, Verdict
from mailflow.policy.misfit import Misfit
from mailflow.policy.readiness import NoWindow, PlannedMx, Readiness, Window
from mailflow.policy.requirement import Level, Requirement, Result, Source, Standing, Step
from mailflow.policy.run import Completeness, Observed, Run
from mailflow.policy.way import Demand, Hop, Way
from mailflow.records.mx_change import Lowered, MxChange

STARTED = datetime(2026, 11, 23, 16, 20, 5, tzinfo=UTC)

Text = Callable[[str], str]
Build = Callable[..., Run]


def plain(words: str) -> str:
    return words


def result(
    verdict: Verdict, name: str, text: Text = plain, level: Level = Level.MUST, *, tenant: bool = False
) -> Result:
    """One row with every field filled; `name` is its identifier."""
    waived = verdict is Verdict.WAIVED
    demand = Demand(
        endings=("delivered",),
        ends_at="Microsoft 365",
        passes=("the on-premises servers", "Microsoft 365"),
        kinds=(text("from the Internet to a cloud mailbox"),),
    )
    requirement = Requirement(
        id=text(name),
        level=level,
        title=text("title"),
        scenario=text("feature"),
        sources=(
            Source(text("a document of our own"), text("section"), Standing.STATED),
            Source("RFC 7208", text("section"), Standing.DERIVED),
        ),
        remedy=text("remedy of the requirement"),
        why=text("why"),
        path=text("features/scenario_4.feature"),
        line=7,
    )
    return Result(
        requirement=requirement,
        domain=None if tenant else text("contoso.com"),
        verdict=verdict,
        reason=text(f"reason of {name}"),
        remedy=text("own remedy") if verdict is Verdict.NON_COMPLIANT else "",
        notes=(text("a note"), text("another note")),
        steps=(
            Step(text("Given"), text("a condition"), "done"),
            Step(text("When"), text("it is looked up"), text("a status nobody knows")),
            Step(text("Then"), text("it is so"), verdict.value, text("asked"), text("seen"), (demand,)),
            Step(text("And"), text("so is that"), "not reached"),
            Step(text("And"), text("that too"), "error"),
        ),
        evidence=(
            Evidence(text("dns"), text("MX contoso.com"), text("192.0.2.1"), (text("10 mail."), text("20 mx."))),
            Evidence("smtp", text("the session"), text("mail.contoso.com"), ()),
            Evidence(
                "path",
                text("message 1 for kate"),
                "session records",
                ("1. " + text("one"), "2. two", "delivered", text("Received: x")),
                Way(
                    text("from the Internet to a cloud mailbox"),
                    text("kate@contoso.com"),
                    (Hop(text("one"), "the Internet"), Hop(text("two"), "Microsoft 365", text("TLSv1.3"))),
                    "delivered",
                    "Microsoft 365",
                ),
            ),
        ),
        beneath=Verdict.NON_COMPLIANT if waived else None,
        waiver=text("W-7: accepted by Kim until 2026-12-31") if waived else "",
        accepted=Waiver(
            text(name),
            text("contoso.com"),
            *map(text, ("reason", "risk", "Kim", "W-7", "day", "end", "waivers.yaml:1")),
        )
        if waived
        else None,
    )


@pytest.fixture(scope="session")
def build() -> Build:
    """Make a run: of every verdict and of both levels, or of the results and other fields given."""

    def make(text: Text = plain, **fields: object) -> Run:
        numbers = count(1)
        every = [
            result(verdict, f"S4-MX-{next(numbers)}", text, level, tenant=level is Level.SHOULD)
            for verdict in Verdict
            for level in Level
        ]
        results = fields.get("results", every)
        due = (STARTED + timedelta(days=2)).astimezone(timezone(timedelta(hours=1)))
        change = MxChange(due, 86_400, 300, 3600, Lowered(600, STARTED))
        window = Window(text("contoso.com"), (text("10 old."),), change, 300)
        named: dict[str, object] = {
            "kit_version": text("0.1.0"),
            "mode": "simulated",
            "stage": text("plan"),
            "started": STARTED,
            "finished": STARTED + timedelta(seconds=3),
            "environment": text("scenario-4"),
            "organization": text("Contoso"),
            "digest": text("sha256:9f86d081"),
            "microsoft_365_data": text("worldwide, read 2026-08-14"),
            "domains": {text("contoso.com"): 4},
            "results": results,
            "completeness": Completeness(
                planned=len(results) + 3,
                judged=len(results),
                deselected=(text("scenario_4.feature: S4-MX-97 for contoso.com (-k)"),),
                undefined=(text("scenario_4.feature: S4-MX-98 for contoso.com"),),
                errors=(text("scenario_4.feature: S4-MX-99 for contoso.com"),),
                unused_features=(text("scenario_1.feature"),),
            ),
            "waiver_mistakes": (text("W-3 expired on 2026-11-01"),),
            "ran_by": text("kim"),
            "ran_on": text("jump-host"),
            "again": text("--environment scenario-4"),
            "readiness": Readiness(
                due,
                (PlannedMx(text("contoso.com"), (text("10 mail."),), 300), PlannedMx(text("b.example"), (), None)),
                (window,),
                (NoWindow(text("b.example"), text("not recorded")),),
            ),
            "advice": {4: (text("the documentation recommends another scenario"),)},
            "misfits": (
                Misfit(
                    (text("contoso.com"),),
                    text("4"),
                    text("what is planned fits scenario 3."),
                    (Resemblance(text("3"), (text("a fact for it"),), (text("a fact against it"),)),),
                ),
            ),
            "files": {text("environment.yaml"): text("7d793037")},
            "kit_digest": text("fcde2b2e"),
            "observed": Observed(text("live"), STARTED + timedelta(seconds=1), text("203.0.113.9")),
            "evidence_digest": text("2c26b46b"),
        }
        return Run(**{**named, **fields})  # type: ignore[arg-type]  # a test names the fields it wants otherwise

    return make


@pytest.fixture(scope="session")
def row() -> Callable[..., Result]:
    return result


# What a stranger could write into a banner, a TXT record or an export.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=http://192.0.2.66/ onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>*{background:url(http://192.0.2.66/)}",
    '"; } @import "http://192.0.2.66/"; \\',
    "</pre></details></main><!-- --> ]]> &lt;b&gt; &#60;b&#62;",
    "{{ 7 * 7 }} {% raw %} {# #}",
    "\x00\x01\x07\x08\x0b\x1b[31m\x7f\x85\x9b\r\n\ufffe\uffff\udfff\ud800",
    "\u202egpj.exe\u2066\u200b\u00a0\u2028\ufeff",
    "../../../etc/passwd",
    "x" * 10_000,
)


@pytest.fixture(scope="session")
def hostile() -> Text:
    """All of it at once, before the words themselves."""
    return lambda words: f"{''.join(HOSTILE)}{words}"
