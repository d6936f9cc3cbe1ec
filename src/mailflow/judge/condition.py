"""Conditions under which the documentation demands something. Asked, never guessed."""

from dataclasses import replace

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.mailboxes import Home
from mailflow.environment.names_below import third_parties_below
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Assumptions
from mailflow.judge import evidence
from mailflow.policy.finding import Evidence, Finding, Verdict, compliant, not_applicable, not_verified
from mailflow.routing.decision import Hold, Relay
from mailflow.routing.router import own_router

ON_PREMISES_MAILBOX = "an on-premises mailbox"  # as the sentences say it
_NO_SERVERS = "the environment names no server of the organization's own"


def is_filled_in(environment: Environment) -> Finding | None:
    """Whether a draft of `mailflow new` still holds what stands for nobody; then nothing that was seen is a fact."""
    if not environment.unfilled:
        return None
    asked = "the environment is filled in"
    seen = f"still to be filled in: {'; '.join(environment.unfilled)}"
    shown = evidence.stated(environment.unfilled[0].partition(" ")[0], asked, environment.unfilled)
    return not_verified(asked, seen, shown, remedy="Fill them in: " + "; ".join(environment.unfilled))


def sends_for_foreign_domains(environment: Environment) -> Finding:
    """Condition (a) of the documentation: mail for a domain that the organization does not own."""
    asked = "the organization sends for a domain that it does not own"
    answer = environment.conditions.sends_for_foreign_domains
    where = environment.line("conditions.sends_for_foreign_domains")
    if answer is None:
        return _unanswered(asked, "sends_for_foreign_domains: [fabrikam.com], or [] for none")
    if not answer:
        return not_applicable(asked, "it sends for no such domain", evidence.stated(where, asked, "no"))
    return compliant(asked, ", ".join(answer), evidence.stated(where, asked, answer))


def own_servers(environment: Environment) -> Finding:
    """Whether the organization has mail servers of its own: environment.yaml names them, or there are none."""
    asked = "the organization has servers of its own"
    names = [server.name for server in environment.on_premises.servers]
    shown = evidence.stated(environment.line("on_premises.servers"), asked, names)
    if not names:
        return not_applicable(asked, _NO_SERVERS, shown)
    return compliant(asked, ", ".join(names), shown)


def own_servers_take_part(environment: Environment, domain: Domain) -> Finding:
    """Whether they have a part in a domain's mail; where its mailboxes are in the cloud, only others need them."""
    asked = f"own servers have a part in the mail of {domain.name}"
    found = own_servers(environment)
    if found.verdict is Verdict.COMPLIANT and not environment.own_servers_take_part(domain):
        why = (
            f"in {domain.scenario} all mailboxes are in the cloud, and the environment lists no other of {domain.name}"
        )
        return not_applicable(asked, why, evidence.stated(environment.line(f"domains.{domain.name}"), asked, ()))
    return replace(found, asked=asked)


def comes_from(environment: Environment, domain: Domain, sender: str) -> Finding:
    """Whether mail of a domain can come from a kind of sender: from mailboxes on own servers where it has such."""
    if sender == ON_PREMISES_MAILBOX:
        return replace(own_servers_take_part(environment, domain), asked=f"mail can come from {sender}")
    return compliant(f"mail can come from {sender}", "it can")


def users_forward_outside(environment: Environment) -> Finding:
    """Condition (c) of the documentation: users who forward to addresses outside."""
    asked = "users of the organization forward mail outside"
    answer = environment.conditions.users_forward_outside
    where = environment.line("conditions.users_forward_outside")
    if answer is None:
        return _unanswered(asked, "users_forward_outside: true, or false")
    if not answer:
        return not_applicable(asked, "no user does", evidence.stated(where, asked, "no"))
    return compliant(asked, "some do", evidence.stated(where, asked, "yes"))


def _unanswered(asked: str, line: str, below: str = ", below conditions") -> Finding:
    return not_verified(
        asked, "nobody has answered this question in environment.yaml", remedy=f"Add to environment.yaml{below}: {line}"
    )


def reports_leave_through_microsoft_365(environment: Environment) -> Finding:
    """Condition (b) of the documentation; it follows from the routing of the own servers.

    True where mail for the Internet is handed to a smart host of Microsoft 365 instead of being delivered by MX;
    one server that does so is enough.
    """
    asked = "non-delivery reports of the on-premises servers leave through Microsoft 365"
    servers = environment.on_premises.servers
    if not servers:
        return not_applicable(asked, _NO_SERVERS)
    shown: list[Evidence] = []
    unknown: list[str] = []
    for server in servers:
        assume = Assumptions()
        action = own_router(environment, server).to_internet(assume)
        shown.append(evidence.config(server.origin, f"what {server.name} does with mail for the Internet", action.rule))
        if assume.made:
            unknown += assume.made
        elif isinstance(action, Hold):
            unknown.append(f"mail for the Internet stays at {server.name}: {action.rule.why}")
        elif isinstance(action, Relay) and any(map(is_microsoft_host, action.hosts)):
            return compliant(asked, f"{server.name} hands mail for the Internet to {', '.join(action.hosts)}", *shown)
    if unknown:
        return not_verified(asked, "; ".join(dict.fromkeys(unknown)), *shown)
    return not_applicable(asked, "the on-premises servers do not send to the Internet through Microsoft 365", *shown)


def of_the_documentation(environment: Environment) -> tuple[Finding, ...]:
    """Give the three conditions under which the documentation demands recognition by certificate."""
    return (
        sends_for_foreign_domains(environment),
        reports_leave_through_microsoft_365(environment),
        users_forward_outside(environment),
    )


def third_party_sends(environment: Environment, domain: Domain) -> Finding:
    """Whether a third party sends under this domain, or as a name below it."""
    asked = f"a third party sends for {domain.name}"
    parties = (*environment.third_parties_of(domain), *third_parties_below(environment, domain))
    named = [party.name for party in parties]
    shown = evidence.stated(environment.line("third_parties"), asked, named)
    if not named and "third_parties" not in environment.lines:
        return _unanswered(asked, "third_parties: {} for none", "")
    if not named:
        return not_applicable(asked, "the environment names none", shown)
    return compliant(asked, ", ".join(named), shown)


def cloud_mailbox_forwards(environment: Environment, domain: Domain) -> Finding:
    """Whether a mailbox in the tenant forwards outside."""
    asked = f"a cloud mailbox of {domain.name} forwards outside"
    listed, forwards = environment.mailboxes.of(domain.name, Home.CLOUD), environment.mailboxes.forwards
    found = [a for a in listed if a in forwards]
    outside = [f"{a} to {forwards[a]}" for a in found if forwards[a].domain not in environment.domain_names]
    shown = evidence.stated(environment.line("mailboxes.forwards"), asked, outside)
    if not listed:
        return not_verified(asked, "the environment lists no cloud mailbox of the domain", shown)
    if not outside:
        return not_applicable(asked, "the environment lists none", shown)
    return compliant(asked, ", ".join(outside), shown)


def servers_run_exchange(environment: Environment) -> Finding:
    """Whether the own servers are Exchange, or some of them; others cannot carry its internal trust."""
    asked = "the on-premises servers run Exchange"
    servers = environment.on_premises.servers
    if not servers:
        return not_applicable(asked, _NO_SERVERS)
    exchange = [server.name for server in servers if server.is_exchange]
    others = [server.name for server in servers if not server.is_exchange]
    note = (
        f"not Exchange: {', '.join(others)}; mail from there can count as internal only by TreatMessagesAsInternal of "
        "the inbound connector, which trusts whatever comes from that server"
    )
    shown = evidence.stated(environment.line("on_premises.servers"), "servers that run Exchange", exchange)
    if not exchange:
        return not_applicable(asked, note, shown)
    return compliant(asked, ", ".join(exchange), shown, notes=(note,) if others else ())
