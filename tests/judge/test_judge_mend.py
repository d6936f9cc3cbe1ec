"""What mends the failure that a reply of the own servers tells of."""

from dataclasses import replace
from typing import Any

import pytest

from mailflow.environment.message import Kind
from mailflow.exchange.replies import (
    CERTIFICATE_NOT_FOUND,
    HOPS_EXCEEDED_ONLINE,
    RECIPIENT_NOT_FOUND_ON_PREMISES,
    RECIPIENT_REJECTED,
    UNABLE_TO_RELAY,
    cannot_connect,
)
from mailflow.judge import disposition
from mailflow.judge import path as judge
from mailflow.judge.mend import mends, to_be_seen
from mailflow.mail.reply import Reply
from mailflow.observe.path import Disposition, Place
from mailflow.policy.finding import Verdict

NO_HOST = Reply(451, "4.4.4", "DNS: no address for mail.contoso.com, the MX of contoso.com")
DROPPED = Reply(421, "4.4.2", "Connection dropped (421 4.3.2 Service not available)")


@pytest.mark.parametrize(
    ("way", "reply", "words"),
    [
        ("own", CERTIFICATE_NOT_FOUND, 'Set-SendConnector "<connector>" -TlsCertificateName'),
        ("cloud", UNABLE_TO_RELAY, "-TlsDomainCapabilities mail.protection.outlook.com:AcceptCloudServicesMail"),
        ("out", UNABLE_TO_RELAY, "New-AcceptedDomain"),
        ("out", Reply(530, "5.7.57", "Client not authenticated to send mail"), "-PermissionGroups AnonymousUsers"),
        ("out", Reply(550, "5.7.51", "TenantInboundAttribution; …"), "-AssociatedAcceptedDomains <those domains>"),
        (
            "own",
            Reply(450, "4.4.316", "the sender has no IPv4 address"),
            "Give mail.contoso.com an IPv4 address to send",
        ),
        ("out", RECIPIENT_REJECTED, "(HYB-DOMAIN-2, HYB-MAILBOX-2)"),
        ("cloud own", RECIPIENT_NOT_FOUND_ON_PREMISES, "(HYB-DOMAIN-2, HYB-MAILBOX-2)"),
        ("out own cloud", HOPS_EXCEEDED_ONLINE, "S3-CONN-1"),
        ("cloud", cannot_connect("SubjectMismatch"), "HYB-CONN-4"),
        ("cloud", DROPPED, "-Enabled $true -RemoteIPRanges"),
        ("out", NO_HOST, "Mend first where the MX record leads (S1-MX-1, "),
    ],
)
def test_a_reply_that_tells_its_mend(path: Any, way: str, reply: Reply, words: str) -> None:
    one = path(way, ended=Disposition.WAITING, reply=reply)
    assert words in mends([one])
    assert mends([one, one]) == mends([one])


def test_the_mx_record_of_somebody_else_is_not_for_us_to_mend(path: Any) -> None:
    for kind, to in ((Kind.CLOUD_TO_INTERNET, "david@contoso.com"), (Kind.CLOUD_FORWARD, "lee@tailspintoys.com")):
        assert mends([path("out", to=to, kind=kind, ended=Disposition.WAITING, reply=NO_HOST)]) == ""


def test_a_reply_that_does_not(path: Any) -> None:
    gone = Reply(421, "4.4.2", "Connection dropped (ConnectionResetError)")
    strange = Reply(550, "5.7.1", "Relaying denied")
    ended = [path("out", ended=Disposition.WAITING, reply=reply) for reply in (gone, strange, None)]
    locked = Reply(550, "5.7.51", "TenantInboundAttribution; …")  # whose own addresses the connector has to name
    ended.append(path("out", ended=Disposition.REFUSED, reply=locked, kind=Kind.THIRD_PARTY))
    ended.append(path("out", ended=Disposition.REFUSED, reply=RECIPIENT_REJECTED, kind=Kind.INTERNET_TO_UNKNOWN))
    ended.append(path("out own", ended=Disposition.REFUSED, reply=locked))  # an own server is to be let in
    assert mends([path(), *ended]) == ""


def test_the_mend_stands_in_the_finding(path: Any, s4: Any) -> None:
    one = path("own", ended=Disposition.WAITING, reply=CERTIFICATE_NOT_FOUND)
    assert disposition.delivered(s4.environment, [one]).remedy == mends([one]) != ""


@pytest.mark.parametrize("send", ["", "send one from <kate@tailspintoys.com> to chris@contoso.com"])
def test_a_message_that_nobody_saw_is_to_be_sent(path: Any, s4: Any, send: str) -> None:
    one = replace(path(ended=Disposition.UNSEEN), assumptions=("no message shows it",), to_send=send)
    remedy = f"No message was seen that shows it. To see one (docs/live-messages.md), then judge again:\n{send}"
    found = disposition.delivered(s4.environment, [one, one])
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, "no message shows it")
    assert found.remedy == (remedy if send else "")


def test_what_a_plan_lacks_and_what_was_not_sent_are_both_said(path: Any) -> None:
    one = replace(path(ended=Disposition.UNSEEN), to_send="send one")
    zones, why, send = to_be_seen(
        [one], "DNS: no answer for a.example MX (x): the plan has no zone for it"
    ).splitlines()
    assert zones == "Find out what the DNS says of a.example; where a plan is judged, supply the zone (zones/)"
    assert (why[:19], send) == ("No message was seen", "send one")


def test_an_exit_past_microsoft_365(path: Any) -> None:
    """What own servers hand to the Internet themselves is led through Microsoft 365 by their Send connector."""
    direct = path("own out", kind=Kind.FOREIGN_SENDER)
    assert "-DNSRoutingEnabled $false" in mends([direct])
    assert judge.leaves_from([direct], Place.MICROSOFT_365).remedy == mends([direct])
    assert judge.passes([direct], [Place.ON_PREMISES, Place.MICROSOFT_365]).remedy == mends([direct])
    through = path("own cloud out", kind=Kind.FOREIGN_SENDER)
    central = path("cloud own out", kind=Kind.CLOUD_TO_INTERNET)  # centralized mail transport leads it there
    waiting = path("own out", kind=Kind.FOREIGN_SENDER, ended=Disposition.WAITING)
    assert mends([through, central, waiting]) == ""
