"""`mailflow init`: a repository of somebody's own, in which the kit is a dependency."""

import argparse
import json
import shutil
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from mailflow import __version__
from mailflow.command.line import Commands, command, say
from mailflow.command.new import schema
from mailflow.input_error import InputError, Mistake

_ABOUT = """\
Make the folder you are in a project of your own: features/ steps/ fixtures/ reports/, tox.ini, pyproject.toml and
.gitignore. The requirements of the documentation come from the installed Mailflow, so that an upgrade brings new ones;
yours stand beside them.

Exports and test messages name people. Choose:
  --exports in    They are kept in the repository, which must be private. Pipelines can judge them, and a report's
                  digest can be traced to a commit.
  --exports out   .gitignore keeps them out. Pipelines must fetch them from elsewhere before they run; without them
                  the rows that rest on exports are not verified.
"""

_EXAMPLES = """\
  mailflow init --exports in
  mailflow init --exports out
"""

_OUT = """\

# Exports and messages name people. They stay on the machine of who exported them (mailflow init --exports out).
/fixtures/*/exchange-online/
/fixtures/*/exchange-server/
/fixtures/*/messages/
"""
_IN = """\

# Exports and messages are committed: this repository is private (mailflow init --exports in).
"""
WHEELS = "wheels"
_PINNED = f"mailflow=={__version__}"


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(commands, "init", help="make this folder a project of your own", about=_ABOUT, examples=_EXAMPLES)
    parser.add_argument(
        "--exports", choices=("in", "out"), required=True, help="whether exports are committed; see above"
    )
    parser.add_argument("--json", action="store_true", help="say what was written as JSON")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> None:
    root = Path.cwd()
    made = _files(options.exports) | schema(root)
    wheel = _wheel()
    if wheel:  # by its file: on an index somebody else may have the name
        made["requirements.txt"] = made["requirements.txt"].replace(_PINNED, f"./{WHEELS}/{wheel.name}")
    there = [
        Mistake("mailflow init", None, f"{name} already there", "a folder without it", "Nothing is ever overwritten.")
        for name in made
        if (root / name).exists()
    ]
    if there:
        raise InputError(*there)
    for name, text in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    written = list(made)
    if wheel:
        (root / WHEELS).mkdir(exist_ok=True)
        shutil.copy(wheel, root / WHEELS)
        written.append(f"{WHEELS}/{wheel.name}")
    if options.json:
        say(json.dumps({"written": written}, indent=2))
        return
    for name in written:
        say(name)
    say("Next: mailflow new contoso.com --scenario 4 (your domain, your scenario), then tox")


def _files(exports: str) -> dict[str, str]:
    """Give the files of a project by path."""
    templates = files("mailflow.command").joinpath("project")
    made = {}
    for place in _PLACES:
        name = f"{place.replace('/', '-').removeprefix('.')}.txt"
        text = templates.joinpath(name).read_text(encoding="utf-8")
        made[place] = text.replace("{version}", __version__)
    made[".gitignore"] += _OUT if exports == "out" else _IN
    return made


_PLACES = (
    "README.md",
    ".gitignore",
    ".vscode/settings.json",
    "pyproject.toml",
    "requirements.txt",
    "tox.ini",
    "features/README.md",
    "fixtures/README.md",
    "reports/README.md",
    "steps/__init__.py",
    "steps/own.py",
)


def _wheel() -> Path | None:
    """Find the wheel file from which this Mailflow was installed (PEP 610); None where it came from an index."""
    told = json.loads(distribution("mailflow").read_text("direct_url.json") or "{}")
    url = urlparse(told.get("url", ""))
    path = Path(url2pathname(url.path))
    return path if url.scheme == "file" and path.suffix == ".whl" and path.is_file() else None
