"""Floor 7: the pytest plugin that turns feature files into verdicts.

It is installed for every pytest run of its environment, and therefore inert (and next to nothing is imported)
unless the run concerns a project of ours: one with `features/` and `steps/`, of which `features/`, something in
it or something around it is asked for.
"""

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of Mailflow. `--strict` is pytest's own: with it, a `should` that fails fails the run."""
    group = parser.getgroup("mailflow", "hybrid mail policy (Mailflow)")
    group.addoption(
        "--environment",
        action="append",
        default=[],
        metavar="NAME-OR-PATH",
        help="an environment: its name in fixtures/, or its folder; repeatable (default: all in fixtures/)",
    )
    group.addoption(
        "--fault",
        action="append",
        default=[],
        metavar="NAME",
        help="judge the environment with a fault of fixtures/faults/ in it; repeatable, * and ? as wildcards",
    )
    group.addoption(
        "--mode",
        choices=("simulated", "live", "recorded"),
        default="simulated",
        help="judge the plan in a simulation (default), what is there, or what was recorded",
    )
    group.addoption(
        "--stage",
        choices=("before", "after"),
        help="of a live run: before or after the change (default: cutover.stage of the environment, else after)",
    )
    group.addoption(
        "--resolver",
        action="append",
        default=[],
        metavar="ADDRESS[:PORT]",
        help="of a live run: the DNS resolver to ask; repeatable (default: those of this machine)",
    )
    group.addoption(
        "--vantage",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="of a live run: the public address from which it looks; repeatable (default: as the servers tell)",
    )
    group.addoption(
        "--look-as",
        metavar="DOMAIN",
        help="of a live run: the name to greet with, of which the stranger is who asks; let it be one that the DNS "
        "knows and that is not the organization's",
    )
    group.addoption(
        "--dry-run",
        action="store_true",
        help="of a live run: say whom it would contact and how, and contact nobody but the DNS",
    )
    group.addoption(
        "--evidence",
        action="append",
        default=[],
        metavar="FILE",
        help="with --mode recorded: the evidence.json of an earlier run, to be judged again; repeatable",
    )
    group.addoption(
        "--since",
        metavar="PATH",
        help="an earlier report.json, its folder or a folder of reports: the report says what changed since",
    )
    group.addoption(
        "--shard",
        metavar="I/N",
        help="judge the I-th of N parts of the domains, the rest elsewhere; `mailflow merge` joins the reports",
    )
    group.addoption(
        "--reports",
        default="reports",
        metavar="DIR",
        help="where reports are written (default: reports/ of the project)",
    )
    parser.addini(
        "shipped_features",
        "ask the requirements that come with Mailflow beside those in features/",
        "bool",
        default=False,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Load the project where this run concerns one.

    Raises:
        pytest.UsageError: with every mistake in environments and steps; pytest's exit status is then 4.

    """
    if not concerns(session.config):
        return
    from mailflow.plugin.project import load  # noqa: PLC0415  # brings pytest-bdd, cryptography, the steps
    from mailflow.plugin.session import register  # noqa: PLC0415

    register(session.config, load(session.config))


def concerns(config: pytest.Config) -> bool:
    """Whether a run concerns a project of ours."""
    features = config.rootpath / "features"
    if not (features.is_dir() and (config.rootpath / "steps").is_dir()):
        return False
    for argument in config.args:
        asked = Path(os.path.normpath(config.invocation_params.dir / argument.split("::")[0]))
        if asked.is_relative_to(features) or features.is_relative_to(asked):
            return True
    return False
