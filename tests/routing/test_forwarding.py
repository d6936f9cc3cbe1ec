"""Mailboxes in the tenant that forward: who may, what the reverse-path becomes, and by which way it leaves."""

from typing import Any

import pytest

from mailflow.exchange.known import Unknown
from mailflow.exchange.online import AutoForwardingMode, ConnectorType, OutboundConnector
from mailflow.exchange.replies import FORWARDING_BLOCKED
from mailflow.mail.address import Address
from mailflow.routing.decision import Deliver, Reception, Redirect, Return, Rule
from mailflow.routing.microsoft_365 import Microsoft365Router
from tests.routing.conftest import (
    CHRIS,
    FAY,
    JOHN,
    KATE,
    TENANT_ID,
    Decided,
    accepted,
    centralized,
    incoming,
    mailbox,
    online,
    organization,
    originating,
    outbound,
    remote_domain,
    routed,
    spam_policy,
)

KEPT = Deliver(CHRIS, Rule("the mailbox is in the tenant", "Routing"))
OUTSIDE = Redirect(JOHN, Rule("the mailbox forwards outside", "SRS"), forward=True)
BLOCKED = Return(
    FORWARDING_BLOCKED, Rule("automatic forwarding outside is off", "External forwarding; Set-RemoteDomain")
)
REWRITTEN = Address("bounces+srs=fabrikam-com=fay", "contoso.com")


def forwarding(to: Address = JOHN, *, keeps: Any = False, **tenant: Any) -> Decided:
    """Give what becomes of a message to chris, who forwards."""
    forwards = mailbox(forwarding_smtp_address=to, deliver_to_mailbox_and_forward=keeps)
    return routed(Microsoft365Router(organization(online(**({"mailboxes": (forwards,)} | tenant)))), CHRIS)


def test_a_forward_leaves_the_mailbox_empty_unless_it_keeps_a_copy() -> None:
    assert forwarding() == Decided((OUTSIDE,))
    assert forwarding(keeps=True) == Decided((KEPT, OUTSIDE))


def test_a_forward_that_the_environment_states_goes_before_the_export() -> None:
    exported = mailbox(forwarding_smtp_address=FAY, deliver_to_mailbox_and_forward=True)
    stated = organization(online(mailboxes=(exported,)), forwards={CHRIS: JOHN})
    assert routed(Microsoft365Router(stated), CHRIS) == Decided((OUTSIDE,))


def test_a_forward_inside_needs_no_leave() -> None:
    inside = Redirect(KATE, Rule("the mailbox forwards inside", "SRS"), forward=True)
    assert forwarding(KATE, outbound_spam_filter_policies=(spam_policy(AutoForwardingMode.OFF),)) == Decided((inside,))


def test_the_outbound_policy_may_refuse_forwards() -> None:
    policies = (spam_policy(default=False), spam_policy(AutoForwardingMode.OFF))
    assert forwarding(outbound_spam_filter_policies=policies) == Decided((BLOCKED,))
    assert forwarding(keeps=True, outbound_spam_filter_policies=policies) == Decided((KEPT, BLOCKED))


def test_what_automatic_means_is_not_known() -> None:
    told = "what AutoForwardingMode Automatic means for this tenant is not documented firmly"
    automatic = (spam_policy(AutoForwardingMode.AUTOMATIC),)
    assert forwarding(outbound_spam_filter_policies=automatic) == Decided((OUTSIDE,), (told,))


def test_without_a_default_policy_it_is_not_known() -> None:
    told = "no default policy stands in Get-HostedOutboundSpamFilterPolicy.json"
    assert forwarding(outbound_spam_filter_policies=()) == Decided((OUTSIDE,), (told,))
    missing = Unknown("no Get-HostedOutboundSpamFilterPolicy.json")
    assert forwarding(outbound_spam_filter_policies=missing) == Decided((OUTSIDE,), (missing.why, told))


@pytest.mark.parametrize(
    ("remote", "allowed"),
    [
        ((), True),
        ((remote_domain("*", False),), False),
        ((remote_domain("*", False), remote_domain("tailspintoys.com")), True),
        ((remote_domain("tailspintoys.com", False), remote_domain("*")), False),
        ((remote_domain("*"), remote_domain("fabrikam.com", False)), True),
        ((remote_domain("*.tailspintoys.com", False), remote_domain("*")), False),
        ((remote_domain("*.tailspintoys.com", False), remote_domain("tailspintoys.com")), True),
        ((remote_domain("*.eu.tailspintoys.com", False), remote_domain("*")), True),
        ((remote_domain("xxtailspintoys.com", False), remote_domain("*")), True),
    ],
)
def test_the_most_specific_remote_domain_may_refuse_forwards(remote: tuple[Any, ...], allowed: bool) -> None:
    for order in (remote, remote[::-1]):
        assert forwarding(remote_domains=order) == Decided((OUTSIDE if allowed else BLOCKED,))


# What the reverse-path becomes


def sent(
    *connectors: OutboundConnector,
    mail_from: Address | None = FAY,
    how: Reception | None = None,
    forwarded: bool = True,
    **tenant: Any,
) -> Decided:
    """Give the reverse-path with which a forward to john leaves."""
    router = Microsoft365Router(organization(online(**({"outbound_connectors": connectors} | tenant))))
    decided = routed(router, JOHN, mail_from, how or incoming(TENANT_ID), forwarded=forwarded)
    (action,) = decided.what
    return Decided(action.mail_from, decided.assumed)


def test_a_forward_to_the_internet_gets_a_reverse_path_of_the_tenant() -> None:
    assert sent() == Decided(REWRITTEN)


def test_an_own_or_null_reverse_path_stays() -> None:
    assert sent(mail_from=KATE) == Decided(KATE)
    assert sent(mail_from=None) == Decided(None)


def test_what_is_no_forward_is_not_rewritten() -> None:
    assert sent(forwarded=False) == Decided(FAY)


def test_a_partner_connector_is_the_internet_too() -> None:
    gateway = outbound(recipient_domains=("*",), connector_type=ConnectorType.PARTNER)
    assert sent(gateway) == Decided(REWRITTEN)


def test_to_the_own_servers_the_reverse_path_stays_unless_the_connector_rewrites() -> None:
    told = (
        "whether a forward of a cloud mailbox follows centralized transport is told both ways "
        "(SRS; OfficeDocs-Exchange issue 799)"
    )
    assert sent(centralized()) == Decided(FAY, (told,))
    assert sent(centralized(sender_rewriting_enabled=True)) == Decided(REWRITTEN, (told,))


def test_a_forward_of_what_came_from_the_own_servers_leaves_directly_and_is_rewritten() -> None:
    own = originating(TENANT_ID, from_on_premises=True)
    assert sent(centralized(), how=own) == Decided(REWRITTEN)
    back = Microsoft365Router(organization(online(outbound_connectors=(centralized(),))))
    assert routed(back, KATE, FAY, own, forwarded=True, resolved=True).assumed == ()


def test_without_a_default_domain_the_new_reverse_path_is_not_known() -> None:
    told = "no domain in Get-AcceptedDomain.json is Default; the reverse-path of a forward names it"
    assert sent(accepted_domains=(accepted("contoso.com"),)) == Decided(
        Address("bounces+srs=fabrikam-com=fay", "fabrikam.com"), (told,)
    )


@pytest.mark.parametrize("local", ["a" * 64, "a" * 38 + "." + "b" * 20, "x.y"])
def test_the_new_reverse_path_is_an_address_that_the_next_host_can_read(local: str) -> None:
    sender = Address(local, "fabrikam.com")
    rewritten = sent(mail_from=sender).what
    assert Address.parse(str(rewritten)) == rewritten
    assert rewritten.domain == "contoso.com"
