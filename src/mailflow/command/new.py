"""`mailflow new`: the folder of an environment and a feature file, ready to run and to be filled in."""

import argparse
import json
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mailflow.command.line import Commands, command, say
from mailflow.input_error import InputError, Mistake

if TYPE_CHECKING:
    from mailflow.environment.draft import Draft

T = TypeVar("T")

_ABOUT = """\
Write a first environment for a domain: fixtures/<domain>/ with environment.yaml and planned zones, and
features/domains/<domain>.feature for demands of your own. It runs at once; what is not filled in is reported as not
verified. Several domains make one environment, or with --each one environment each. Nothing is ever overwritten.
"""

_EXAMPLES = """\
  mailflow new contoso.com --scenario 4
  mailflow new contoso.com --scenario 1 --address 131.107.21.231 --tenant contoso
  mailflow new contoso.com contoso.de --scenario 3 --organization "Contoso AG"
  mailflow new --each --scenario 4 @domains.txt      one name a line
"""

SCHEMA = "src/mailflow/environment/environment.schema.json"  # in the kit's own repository


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(commands, "new", help="write a first environment for a domain", about=_ABOUT, examples=_EXAMPLES)
    parser.fromfile_prefix_chars = "@"
    parser.convert_arg_line_to_args = _in_utf_8  # type: ignore[method-assign]
    parser.add_argument("domains", nargs="+", metavar="DOMAIN", help="a mail domain; @FILE: one a line in that file")
    parser.add_argument("--scenario", metavar="NAME", required=True, help="1 to 4, or the word of another layout")
    parser.add_argument("--each", action="store_true", help="an environment for each domain")
    parser.add_argument("--organization", metavar="NAME", help="as reports print it (default: from the domain)")
    parser.add_argument(
        "--server",
        metavar="HOST",
        help="host name of the own server (default where the scenario has one: mail.<domain>)",
    )
    parser.add_argument("--address", metavar="IP", action="append", help="its public address; repeatable")
    parser.add_argument("--cloud", default="worldwide", help="worldwide (default), gcc, gcc-high, dod, china")
    parser.add_argument("--tenant", help="contoso, where it is contoso.onmicrosoft.com (default: from the domain)")
    parser.add_argument("--tenant-id", metavar="GUID", help="the tenant's identifier")
    parser.add_argument("--json", action="store_true", help="say what was written as JSON")
    parser.set_defaults(carry_out=_carry_out)


def _in_utf_8(arg_line: str) -> list[str]:
    """Refuse octets that are no UTF-8; up to Python 3.11 argparse does, later it passes them on as surrogates."""
    return [arg_line.encode(errors="surrogateescape").decode()]


def _carry_out(options: argparse.Namespace) -> None:
    written, kept = write(Path.cwd(), _drafts(options))
    if options.json:
        say(json.dumps({"written": written, "kept": kept}, indent=2))
        return
    for name in written:
        say(name)
    for name in kept:
        say(f"{name} was there and stays as it is")
    say("Fill in what is marked with FILL IN; until then the rows are not verified. Run: tox -- --environment NAME")


def _drafts(options: argparse.Namespace) -> list["Draft"]:
    from mailflow.environment.file_types import nearest  # noqa: PLC0415
    from mailflow.exchange.cloud import CLOUDS  # noqa: PLC0415
    from mailflow.mail.address import domain_name  # noqa: PLC0415

    # What an editor leaves in a file of names: a byte order mark, lines with nothing on them.
    names = [bare for name in options.domains if (bare := name.strip("\ufeff "))]
    domains = [read(domain_name, name, "a domain such as contoso.com") for name in names]
    mistakes = [_no(f"'{name}'", "a domain such as contoso.com") for name in domains if "." not in name]
    mistakes += [_no(f"'{name}' twice", "each domain once") for name in {n for n in domains if domains.count(n) > 1}]
    if options.cloud not in CLOUDS:
        mistakes.append(_no(f"--cloud {options.cloud}", ", ".join(CLOUDS), nearest(options.cloud, CLOUDS)))
    if not (options.organization or "").isprintable():
        mistakes.append(_no("--organization", "printable text"))
    if not domains:
        mistakes.append(_no("no domain", "one or more"))
    if mistakes:
        raise InputError(*mistakes)
    about = _about(options.scenario)
    return [_draft(group, options, about) for group in ([[name] for name in domains] if options.each else [domains])]


def _about(scenario: str) -> str:
    """Give the title of the feature that introduces a scenario.

    Raises:
        InputError: no feature file of the project, or of the kit, does.

    """
    from mailflow.plugin.shipped import FEATURES  # noqa: PLC0415
    from mailflow.policy.catalogue import read_files  # noqa: PLC0415
    from mailflow.policy.kit import shipped_root  # noqa: PLC0415
    from mailflow.policy.scenarios import known_scenarios, nearest_scenario  # noqa: PLC0415

    folders = dict.fromkeys([(shipped_root() / FEATURES).resolve(), (Path.cwd() / FEATURES).resolve()])
    found = ((path, folder) for folder in folders for path in sorted(folder.rglob("*.feature")))
    known = {str(name): title for name, title in known_scenarios(read_files(found).features).items()}
    if scenario not in known:
        raise InputError(_no(f"--scenario {scenario}", ", ".join(known), nearest_scenario(scenario, known)))
    return known[scenario]


def _draft(domains: list[str], options: argparse.Namespace, about: str) -> "Draft":
    from uuid import UUID  # noqa: PLC0415

    from mailflow.environment.draft import NO_ADDRESS, NO_TENANT, Draft, tenant_of  # noqa: PLC0415
    from mailflow.environment.layout import has_own_servers  # noqa: PLC0415
    from mailflow.environment.scenario import scenario_name  # noqa: PLC0415
    from mailflow.mail.address import domain_name  # noqa: PLC0415

    first = domains[0]
    scenario = scenario_name(options.scenario)
    default = f"mail.{first}" if options.address or has_own_servers(scenario) else ""
    host = options.server or default
    addresses = [read(ip_address, each, "an IP address") for each in options.address or ()]
    return Draft(
        name=first,
        organization=options.organization or first.partition(".")[0].capitalize(),
        domains=tuple(domains),
        scenario=scenario,
        about=about,
        server=read(domain_name, host, "a host name such as mail.contoso.com") if host else "",
        addresses=tuple(addresses) or (NO_ADDRESS,),
        cloud=options.cloud,
        tenant=tenant_of(options.tenant or first),
        tenant_id=str(read(UUID, options.tenant_id, "a GUID")) if options.tenant_id else NO_TENANT,
        remarks={"tenant": ("the first label of its onmicrosoft.com domain",)} if options.tenant else {},
    )


def write(root: Path, drafts: Iterable["Draft"]) -> tuple[list[str], list[str]]:
    """Write environments and feature files into a project. Give their paths in it, and those that were there.

    Raises:
        InputError: `root` is no project, or something of it is there already; then nothing was written.

    """
    from mailflow.policy.draft_feature import draft_feature  # noqa: PLC0415

    if not (root / "features").is_dir():
        raise InputError(_no(f"no features/ in {root}", "a project", "In an empty folder: mailflow init"))
    files = schema(root)
    there, kept = [], []
    for draft in drafts:
        folder = f"fixtures/{draft.name}"
        if (root / folder).exists():
            there.append(_no(f"{folder}/ already there", "a name that is free", "Nothing is ever overwritten."))
        reference = "../environment.schema.json" if files else f"../../{SCHEMA}"
        made = {f"{folder}/{name}": text for name, text in draft.files(reference).items()}
        feature = f"features/domains/{draft.name}.feature"
        if (root / feature).exists():
            kept.append(feature)
        else:
            made[feature] = draft_feature(draft.name, draft.domains, own_servers=bool(draft.server))
        files |= made
    if there:
        raise InputError(*there)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(files), kept


def schema(root: Path) -> dict[str, str]:
    """Give the JSON Schema for editors as a file of the project; nothing in the kit's own repository, which has it.

    It is the one file that is written anew: it belongs to the version that is installed.
    """
    if (root / SCHEMA).is_file():
        return {}
    from importlib.resources import files  # noqa: PLC0415

    text = files("mailflow.environment").joinpath("environment.schema.json").read_text(encoding="utf-8")
    return {"fixtures/environment.schema.json": text}


def read(how: Callable[[str], T], text: str, expected: str, where: str = "mailflow new") -> T:
    """Read a word of the command line of `where`.

    Raises:
        InputError: it is not what is expected.

    """
    try:
        return how(text)
    except ValueError as wrong:
        raise InputError(Mistake(where, None, f"'{text}'", expected)) from wrong


def _no(found: str, expected: str, mend: str = "") -> Mistake:
    return Mistake("mailflow new", None, found, expected, mend)
