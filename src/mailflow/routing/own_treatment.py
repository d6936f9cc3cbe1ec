"""What an own server does to messages that it sends on: changes and DKIM signatures, as the environment states them."""

from mailflow.environment.environment import Changes, Environment, Server
from mailflow.exchange.known import Assumptions
from mailflow.routing.decision import Change, Content, Held, Rule, Sign, Treatment

_STATED = "environment.yaml"


def own_treatment(
    environment: Environment, server: Server, content: Content, held: Held, assume: Assumptions
) -> tuple[Treatment, ...]:
    """Give what it does to a message, in order; to mail inside the organization nothing that anybody outside sees."""
    if _is_inside(environment, held.recipient.domain):
        return ()
    selector = server.dkim.get(content.author_domain)
    changes = server.changes_messages
    change = Change(Rule(f"{server.name} changes what it sends on ({server.origin})", _STATED))
    found: list[Treatment] = []
    if changes is Changes.BEFORE_SIGNING:
        found.append(change)
    if selector:
        why = Rule(f"{server.name} signs for {content.author_domain} ({server.origin})", _STATED)
        found.append(Sign(content.author_domain, selector, why))
    if changes is Changes.AFTER_SIGNING:
        found.append(change)
    if changes is None and content.signed:
        # DKIM setup: "Exchange 2016 and Exchange 2019 are known to modify messages that flow through them".
        assume.note(
            f"whether {server.name} leaves a signature of others intact is stated nowhere (changes_messages); of "
            "Exchange Server it is known that it may not (DKIM setup)"
        )
    return tuple(found)


def _is_inside(environment: Environment, name: str) -> bool:
    tenant = environment.microsoft_365
    return name in environment.domain_names or name in (tenant.initial_domain, tenant.coexistence_domain)
