"""`mailflow discover`: what the DNS shows of a domain, which scenario it fits, and a first environment from it."""

import argparse
import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailflow.command.line import NOT_SO, Commands, command, say
from mailflow.command.new import read, write
from mailflow.input_error import InputError, Mistake

if TYPE_CHECKING:
    from mailflow.environment.announced import Announced
    from mailflow.environment.discovered import Seen
    from mailflow.environment.environment import IPAddress
    from mailflow.environment.layout import Guess
    from mailflow.observe.dialogue import Endpoint
    from mailflow.observe.policy_fetch import PolicyHosting, PolicyVisitor

_ABOUT = """\
Look up what the DNS shows of domains today (MX, SPF, Autodiscover, DKIM selectors, MTA-STS), hear the greeting of own
mail servers, fetch the MTA-STS policy, say which of the documented scenarios the facts fit and which they contradict,
and write a first environment for each domain, in which every guess is marked GUESS. Whom it contacts is said first.
Exit status: 0 every domain fits a scenario, 1 one does not or cannot be known, 4 bad input.
"""

_EXAMPLES = """\
  mailflow discover contoso.com
  mailflow discover contoso.com fabrikam.com --say-only
  mailflow discover contoso.com --resolver 192.0.2.53 --dns-only --json
"""
_DNS_S = 120.0
_GREETED = 3  # own hosts of a domain that are greeted


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(
        commands, "discover", help="draft an environment from what the DNS shows", about=_ABOUT, examples=_EXAMPLES
    )
    parser.add_argument("domains", nargs="+", metavar="DOMAIN", help="a mail domain")
    parser.add_argument("--resolver", metavar="IP[:PORT]", help="the DNS resolver (default: that of this machine)")
    parser.add_argument("--dns-only", action="store_true", help="ask the DNS and nobody else")
    parser.add_argument("--say-only", action="store_true", help="write no files")
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> int | None:
    from mailflow.environment.resemblance import guess  # noqa: PLC0415
    from mailflow.mail.address import domain_name  # noqa: PLC0415
    from mailflow.observe.dns_server import resolver, resolvers_of_the_system  # noqa: PLC0415

    domains = [read(domain_name, name, "a domain such as contoso.com", "mailflow discover") for name in options.domains]
    try:
        servers = [resolver(options.resolver)] if options.resolver else list(resolvers_of_the_system())
    except ValueError as wrong:
        raise InputError(Mistake("mailflow discover", None, str(wrong), "a DNS resolver")) from wrong
    tell: Callable[[str], None] = (lambda _: None) if options.json else say
    tell(f"Asks the DNS resolver {', '.join(map(str, servers))} about {', '.join(domains)}.")
    seen, hostings = asyncio.run(asyncio.wait_for(_look(domains, servers), _DNS_S))
    hosts = {} if options.dns_only else _to_greet(seen)
    for host, address in hosts.items():
        tell(f"Connects to {host} [{address}] port 25, hears the greeting, says QUIT.")
    greetings = asyncio.run(greet(hosts))
    for hosting in [] if options.dns_only else hostings:
        if not hosting.unasked:
            tell(f"Connects to {hosting.line()}")
    announced = asyncio.run(announcements(seen, hostings, None if options.dns_only else _web()))
    guesses = {one.domain: guess(one) for one in seen}
    written = [] if options.say_only else _write(seen, guesses, greetings, announced)
    if options.json:
        told = [_plain(one, guesses[one.domain], greetings, announced[one.domain]) for one in seen]
        say(json.dumps({"domains": told, "written": written}, indent=2, default=str))
    else:
        for one in seen:
            for line in _told(one, guesses[one.domain], greetings, announced[one.domain]):
                say(line)
        for name in written:
            say(name)
    return None if all(one.fitting for one in guesses.values()) else NOT_SO


async def _look(
    domains: Sequence[str], servers: Iterable[tuple[str, int]]
) -> tuple[list["Seen"], list["PolicyHosting"]]:
    from mailflow.environment.discovered import look  # noqa: PLC0415
    from mailflow.observe.dns import DnsEye  # noqa: PLC0415
    from mailflow.observe.policy_fetch import find_hosting  # noqa: PLC0415

    eye = DnsEye([(host, port) for host, port in servers])
    seen = await asyncio.gather(*(eye.drive(look(domain)) for domain in domains))
    return seen, await asyncio.gather(*(find_hosting(eye, domain) for domain in domains))


def _web() -> "PolicyVisitor":
    from mailflow.observe.manners import Manners  # noqa: PLC0415
    from mailflow.observe.policy_fetch import PolicyVisitor  # noqa: PLC0415
    from mailflow.observe.roots import roots  # noqa: PLC0415

    return PolicyVisitor(roots(by_name=True), Manners())


async def announcements(
    seen: Iterable["Seen"], hostings: Sequence["PolicyHosting"], web: "PolicyVisitor | None"
) -> dict[str, "Announced"]:
    """Fetch the MTA-STS policy of each domain that announces one, by domain; with nobody to fetch it, say so."""
    from mailflow.environment.announced import Announced  # noqa: PLC0415

    fetched = {one.domain: one.unasked or one.not_fetched("--dns-only asks no web server") for one in hostings}
    fetched |= await web.carry_out(hostings) if web else {}
    found = {}
    for one, hosting in zip(seen, hostings, strict=True):
        got = fetched[one.domain]
        found[one.domain] = Announced(one.sts, hosting.addresses, got.body or "", got.pem, got.refused)
    return found


def _to_greet(seen: Iterable["Seen"]) -> dict[str, "IPAddress"]:
    return {host: one.own[host][0] for one in seen for host in [h for h in one.mx if h in one.own][:_GREETED]}


def _port_25(address: "IPAddress") -> "Endpoint":
    from mailflow.observe.dialogue import Endpoint  # noqa: PLC0415

    return Endpoint(str(address), 25)


async def greet(
    hosts: Mapping[str, "IPAddress"], endpoint: Callable[["IPAddress"], "Endpoint"] = _port_25
) -> dict[str, str]:
    """Hear the greeting of each host, one after the other; `endpoint`: where an address answers."""
    from mailflow.observe.greeting import greeting  # noqa: PLC0415

    return {host: await greeting(endpoint(address)) for host, address in hosts.items()}


def _write(
    seen: Iterable["Seen"],
    guesses: Mapping[str, "Guess"],
    greetings: Mapping[str, str],
    announced: Mapping[str, "Announced"],
) -> list[str]:
    from mailflow.environment.discovered_draft import discovered_draft  # noqa: PLC0415

    drafts = [discovered_draft(one, guesses[one.domain], greetings, announced[one.domain]) for one in seen]
    written, kept = write(Path.cwd(), drafts)
    return [*written, *(f"{name} was there and stays as it is" for name in kept)]


def _told(one: "Seen", guess: "Guess", greetings: Mapping[str, str], announced: "Announced") -> Iterable[str]:
    from mailflow.environment.resemblance import words  # noqa: PLC0415

    yield ""
    yield f"{one.domain}: {words(guess)}"
    yield f"  MX: {', '.join(one.mx) or 'none'}"
    yield f"  SPF: {' | '.join(one.spf) or 'none'}"
    for host, addresses in one.own.items():
        yield f"  own: {host} [{', '.join(map(str, addresses))}]"
        if host in greetings:
            yield f"    greets with: {greetings[host]}"
    yield f"  tenant: {one.tenant or 'not seen'}"
    if one.sts:
        how = f"handed out, with {announced.trouble}" if announced.policy and announced.trouble else "handed out"
        yield f"  MTA-STS: {' | '.join(one.sts)}; the policy: {how if announced.policy else announced.trouble}"
    for question in one.unanswered:
        yield f"  not answered: {question}"
    for resemblance in () if guess.unknown else guess.resemblances:
        yield f"  scenario {resemblance.scenario}: {'contradicted' if resemblance.contradicts else 'fits'}"
        yield from (f"    - {fact}" for fact in resemblance.contradicts)
    yield ""


def _plain(one: "Seen", guess: "Guess", greetings: Mapping[str, str], announced: "Announced") -> dict[str, Any]:
    from mailflow.environment.resemblance import words  # noqa: PLC0415

    return {
        "domain": one.domain,
        "mx": one.mx,
        "spf": one.spf,
        "own": one.own,
        "tenant": one.tenant or None,
        "cloud": one.cloud or None,
        "mta_sts": {"records": one.sts, "policy": announced.policy or None, "trouble": announced.trouble or None}
        if one.sts
        else None,
        "unanswered": one.unanswered,
        "greetings": {host: greetings[host] for host in one.own if host in greetings},
        "fits": guess.fitting,
        "nearest": () if guess.unknown else guess.nearest,
        "words": words(guess),
        "scenarios": [asdict(resemblance) for resemblance in guess.resemblances],
    }
