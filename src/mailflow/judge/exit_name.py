"""Judges the names of the addresses from which own servers send: in reverse DNS, and in EHLO (RFC 5321, RFC 1912)."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from mailflow.environment.environment import Environment, IPAddress, Server
from mailflow.exchange.known import Unknown
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.policy.finding import Finding, compliant, non_compliant, not_verified
from mailflow.records.answer import Answer, Question

_INSIDE = frozenset(("local", "localdomain", "internal", "intranet", "lan", "corp", "home"))
_MOST = 5  # names of one address that are followed


@dataclass(frozen=True, slots=True)
class ExitNames:
    """What the DNS says of one address from which an own server sends."""

    server: Server
    address: IPAddress
    pointer: Answer  # PTR of the address
    back: tuple[Answer, ...]  # addresses of the names that it gives
    greeting: Answer  # addresses of the name in EHLO
    fqdn: str = ""  # that name, where a Send connector gives another than the server

    @property
    def said(self) -> str:
        """The name in EHLO."""
        return self.fqdn or self.server.greets_as


def look(environment: Environment) -> list[Generator[Question, Answer, ExitNames]]:
    """Ask about every address from which an own server sends."""
    return [
        _ask(server, address, name)
        for server in environment.on_premises.servers
        for address in server.public_sends_from
        for name in _said(environment, server)
    ]


def _said(environment: Environment, server: Server) -> tuple[str, ...]:
    """Give every name that a server says in EHLO: that of each Send connector which starts there, else its own."""
    connectors = environment.on_premises.exchange.send_connectors
    if not server.is_exchange or isinstance(connectors, Unknown):
        return (server.greets_as,)
    here = [
        one
        for one in connectors
        if one.enabled is not False
        and (
            not server.exchange_name
            or isinstance(one.source_transport_servers, Unknown)
            or server.exchange_name.lower() in map(str.lower, one.source_transport_servers)
        )
    ]
    names = (server.greets_as if isinstance(one.fqdn, Unknown) else one.fqdn or server.greets_as for one in here)
    return tuple(dict.fromkeys(names)) or (server.greets_as,)


def _is_of_the_inside(name: str) -> bool:
    """Whether the Internet's DNS never has a name (RFC 6762 section 3; names that ICANN does not delegate)."""
    return name.rpartition(".")[2] in _INSIDE or "." not in name


def _ask(server: Server, address: IPAddress, name: str) -> Generator[Question, Answer, ExitNames]:
    kind = "A" if address.version == 4 else "AAAA"
    pointer = yield Question(address.reverse_pointer, "PTR")
    back = []
    for found in pointer.values[:_MOST]:
        back.append((yield Question(str(found), kind)))  # noqa: PERF401  # a comprehension cannot ask
    greeting = yield Question(name, kind)
    fqdn = "" if name == server.greets_as else name
    return ExitNames(server, address, pointer, tuple(back), greeting, fqdn)


def reverse_leads_back(seen: Sequence[ExitNames]) -> Finding:
    """Judge whether every exit has a name in reverse DNS that leads back to it (RFC 1912 section 2.1)."""

    def wrong(one: ExitNames) -> str:
        if one.pointer.absent:
            return f"{one.address} has no name"
        if any(one.address in answer.values for answer in one.back):
            return ""
        names = ", ".join(map(str, one.pointer.values))
        return f"{one.address} has the name {names}, which does not lead back to it"

    def remedy(one: ExitNames) -> str:
        name = _name_of(one)
        return f"{one.address.reverse_pointer}. IN PTR {name}.\n{_address_record(name, one.address)}"

    return _judge(
        "every address from which own servers send has a name that leads back to it",
        list({one.address: one for one in reversed(seen)}.values())[::-1],
        wrong,
        lambda one: (one.pointer, *one.back),
        remedy,
    )


def greeting_leads_back(seen: Sequence[ExitNames]) -> Finding:
    """Judge whether the name in EHLO leads to the address from which it is said (RFC 5321 section 4.1.4)."""

    def wrong(one: ExitNames) -> str:
        if one.address in one.greeting.values:
            return ""
        if _is_of_the_inside(one.said):
            return f"{one.said}, said from {one.address}, is a name that the Internet's DNS does not have"
        found = ", ".join(map(str, one.greeting.values)) or "no address"
        return f"{one.said}, said from {one.address}, leads to {found}"

    def remedy(one: ExitNames) -> str:
        record = _address_record(_name_of(one), one.address)
        if _is_of_the_inside(one.said):
            return f"{record} (and let {one.server.name} greet with that name: Set-SendConnector -Fqdn)"
        if _name_of(one) == one.said:
            return record
        return f"{record} (and let {one.server.name} greet with that name: greets_as, Set-SendConnector -Fqdn)"

    return _judge(
        "every own server greets with a name that leads to the address from which it sends",
        seen,
        wrong,
        lambda one: () if _is_of_the_inside(one.said) else (one.greeting,),
        remedy,
    )


def _name_of(one: ExitNames) -> str:
    """Name an exit: as the server greets, or where mail for that name would come to deaf ears, by one of its own."""
    here = one.address in one.server.listens or not one.server.listens
    name = one.server.greets_as if _is_of_the_inside(one.said) else one.said
    return name if here else f"out-{name}"


def _address_record(name: str, address: IPAddress) -> str:
    return f"{name}. IN {'A' if address.version == 4 else 'AAAA'} {address}"


def _judge(
    asked: str,
    seen: Sequence[ExitNames],
    wrong: Callable[[ExitNames], str],
    rests_on: Callable[[ExitNames], tuple[Answer, ...]],
    remedy: Callable[[ExitNames], str],
) -> Finding:
    if not seen:
        return not_verified(asked, "the environment names no public address from which an own server sends")
    shown = tuple(evidence.dns(answer) for one in seen for answer in rests_on(one))
    failed = [answer for one in seen for answer in rests_on(one) if answer.failed]
    # Of an exit with a look-up that failed nothing is certain; it does not hide what is certain of another.
    certain = (one for one in seen if not any(answer.failed for answer in rests_on(one)))
    told = [(one, said) for one in certain if (said := wrong(one))]
    if told:
        mend = "\n".join(dict.fromkeys(("Publish:", *(remedy(one) for one, _ in told))))
        return non_compliant(asked, "; ".join(said for _, said in told), *shown, remedy=mend)
    if failed:
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    return compliant(asked, f"so it is for {', '.join(str(one.address) for one in seen)}", *shown)
