"""Transport rules of Exchange Online, as far as they decide where a message goes (Conditional routing)."""

from collections.abc import Iterable

from mailflow.exchange.known import Assumptions
from mailflow.exchange.online import TransportRule
from mailflow.routing.decision import Held

_SCOPES = ("FromScopePredicate", "SentToScopePredicate")  # the conditions that are simulated
# Actions that end a message, or lead it elsewhere than the connectors do; they are not simulated.
_DIVERTS = (
    "RedirectMessageAction",
    "DeleteMessageAction",
    "RejectMessageAction",
    "QuarantineAction",
    "ModerateMessageByUserAction",
    "ModerateMessageByManagerAction",
    "RouteMessageOutboundRequireTlsAction",
)


def chosen_connector(
    rules: Iterable[TransportRule], held: Held, *, to_own_domain: bool, assume: Assumptions
) -> tuple[TransportRule, str] | None:
    """Find the first rule that sends this message by a connector of its own, and the name of that connector.

    Rules are followed as far as they look at who sends and who gets a message; where one looks at more, or does
    what is not simulated, the message carries that.
    """
    for rule in rules:
        name = assume(rule.route_message_outbound_connector, None)
        diverts = [a for a in assume.listed(rule.actions) if a.endswith(_DIVERTS)]
        if not (name or diverts) or not assume(rule.enabled, True) or not enforced(rule, assume):
            continue
        if not _in_scope(rule, held, to_own_domain=to_own_domain, assume=assume):
            continue
        if [p for p in assume.listed(rule.conditions) if not p.endswith(_SCOPES)] or assume.listed(rule.exceptions):
            assume.note(f"transport rule '{rule.name}' looks at more than who sends and who gets a message")
            continue
        if diverts:
            what = ", ".join(action.rpartition(".")[2].removesuffix("Action") for action in diverts)
            assume.note(f"what transport rule '{rule.name}' does with a message is not simulated: {what}")
        if not name:
            continue
        if held.reception.from_on_premises:
            assume.note(
                f"whether transport rule '{rule.name}' sends mail of the own servers out again is not documented"
            )
            continue
        return rule, name
    return None


def enforced(rule: TransportRule, assume: Assumptions) -> bool:
    """In the modes Audit and AuditAndNotify a rule only writes down what it would do (Set-TransportRule)."""
    return (assume(rule.mode, None) or "Enforce").casefold() == "enforce"


def _in_scope(rule: TransportRule, held: Held, *, to_own_domain: bool, assume: Assumptions) -> bool:
    scopes = (assume(rule.from_scope, None), assume(rule.sent_to_scope, None))
    inside = (held.reception.submitted, to_own_domain)
    return not any(scope and (scope == "InOrganization") != is_in for scope, is_in in zip(scopes, inside, strict=True))
