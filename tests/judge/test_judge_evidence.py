"""Evidence says verbatim what came back, whatever a stranger wrote into it."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from mailflow.exchange.known import Origin, Unknown
from mailflow.exchange.online import DomainType
from mailflow.judge import evidence
from mailflow.mail.address import Address
from mailflow.observe.path import Place
from mailflow.observe.smtp import TlsSession
from mailflow.policy.finding import Evidence
from mailflow.policy.way import Hop, Way
from mailflow.records.answer import Outcome
from mailflow.records.spf import Evaluation, Result, TraceEntry

ORIGIN = Origin("exchange-online/Get-InboundConnector.json", 3, {"Enabled": 7})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "True"),
        (False, "False"),
        (0, "0"),
        (1, "1"),
        (None, "(not set)"),
        ("", ""),
        ((), "(empty)"),
        (frozenset({"b", "a"}), "a, b"),
        (DomainType.AUTHORITATIVE, "Authoritative"),
        ((Address("chris", "contoso.com"), "*"), "chris@contoso.com, *"),
        (
            (("mail.protection.outlook.com", "AcceptCloudServicesMail"),),
            "mail.protection.outlook.com, AcceptCloudServicesMail",
        ),
        (Unknown("the export lacks it"), "the export lacks it"),
        ("<script>alert(1)</script>\n\x1b[31m", "<script>alert(1)</script>\n\x1b[31m"),
        # A network is iterable: four billion addresses, one after the other, would never end.
        ((ip_network("0.0.0.0/0"), ip_network("2001:db8::/32")), "0.0.0.0/0, 2001:db8::/32"),
    ],
)
def test_values(value: object, said: str) -> None:
    owner = "inbound connector 'From us'"
    assert evidence.setting(ORIGIN, "Enabled", owner, value) == Evidence(
        "config", f"Enabled of {owner}", "exchange-online/Get-InboundConnector.json:7", (said,)
    )
    assert evidence.stated("environment.yaml:2", "what", value) == Evidence(
        "environment", "what", "environment.yaml:2", (said,)
    )
    assert evidence.config("a.pem", "names", value) == Evidence("config", "names", "a.pem", (said,))


def test_property_that_is_not_written_is_at_its_object() -> None:
    assert evidence.setting(ORIGIN, "Comment", "it", None).of == "exchange-online/Get-InboundConnector.json:3"


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.FOUND])
def test_answer_without_values(answer: Callable[..., Any], outcome: Outcome) -> None:
    assert evidence.dns(answer("contoso.com MX", outcome=outcome)) == Evidence(
        "dns", "contoso.com MX", "DNS", (str(outcome),)
    )


def test_answer(answer: Callable[..., Any]) -> None:
    found = answer("contoso.com TXT", "a", "b", ttl=0, server="192.0.2.53:53", aliases=("x.example",))
    assert evidence.dns(found) == Evidence(
        "dns", "contoso.com TXT", "192.0.2.53:53", ("alias of x.example", "a", "b", "TTL 0 s")
    )


def test_session() -> None:
    address = ip_address("131.107.21.231")
    spoken = TlsSession(address, reached=True, starttls=True, dialogue=("S: 220", "C: EHLO x"))
    assert evidence.session(spoken) == Evidence(
        "smtp", "session with 131.107.21.231", "131.107.21.231", ("S: 220", "C: EHLO x")
    )
    silent = TlsSession(address, reached=False, starttls=False, trouble="nobody listens there")
    assert evidence.session(silent).answer == ("nobody listens there",)
    timed = replace(spoken, times=(0.04, 12.5))
    assert evidence.session(timed).answer == ("  0.0 s  S: 220", " 12.5 s  C: EHLO x")
    blind = replace(silent, trouble="", from_here="port 25 is blocked")
    assert evidence.session(blind).answer == ("port 25 is blocked",)


def test_path_that_a_session_showed(path: Callable[..., Any]) -> None:
    one = path("out own", dialogue=("  0.1 s  S: 220", "  0.2 s  C: QUIT"))
    assert evidence.path(one).answer == (*one.lines(), "  0.1 s  S: 220", "  0.2 s  C: QUIT")


def test_path(path: Callable[..., Any]) -> None:
    one = path("out own", trace=("from a by b",))
    assert evidence.path(one) == Evidence(
        "path",
        "message <lee@tailspintoys.com> to <david@contoso.com>, submitted at tailspintoys.com for david@contoso.com",
        "session records",
        (*one.lines(), "Received: from a by b"),
        evidence.way(one),
    )


def test_way(path: Callable[..., Any], hop: Callable[..., Any], refusal: dict[str, Any]) -> None:
    hops = (hop("own"), hop("cloud", tls="TLSv1.3", sent_by="To the tenant", attributed=True))
    one = path(hops, ended_at=Place.MICROSOFT_365)
    assert evidence.way(one) == Way(
        "from the Internet to an on-premises mailbox",
        "david@contoso.com",
        (
            Hop("mail.contoso.com", "the on-premises servers"),
            Hop("Microsoft 365", "Microsoft 365", "TLSv1.3", "To the tenant", attributed=True),
        ),
        "delivered",
        "Microsoft 365",
    )
    assert evidence.way(one).places == ("the on-premises servers", "Microsoft 365")
    open_ = evidence.way(path("out", **refusal, assumptions=("something",)))
    assert (open_.ending, open_.ended_at, open_.assumed) == ("refused", "", True)
    assert open_.reply == "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"


def test_evaluation() -> None:
    trace = (
        TraceEntry(0, "contoso.com", "v=spf1 include:a.example -all", (), None, 0, 0),
        TraceEntry(0, "contoso.com", "include:a.example", (), True, 1, 0),
        TraceEntry(1, "a.example", "", (), None, 1, 0),
        TraceEntry(1, "a.example", "ip4:192.0.2.1", (), False, 1, 0),
    )
    one = Evaluation(Result.PERMERROR, trace, {}, 1, 0, "a.example has no SPF record")
    assert evidence.evaluation(one, "SPF for 192.0.2.1") == Evidence(
        "dns",
        "SPF for 192.0.2.1",
        "SPF evaluation (RFC 7208)",
        (
            "contoso.com: v=spf1 include:a.example -all",
            "contoso.com: include:a.example: matches",
            "  a.example: no SPF record",
            "  a.example: ip4:192.0.2.1: does not match",
            "result permerror, 1 querying terms, 0 void look-ups",
            "a.example has no SPF record",
        ),
    )


def test_a_long_list_of_domains_is_cut_to_those_that_cover_one() -> None:
    many = tuple(f"brand-{number}.example" for number in range(2000))
    assert evidence.about("brand-7.example", many) == ("brand-7.example", "and 1,999 others")
    assert evidence.about("eu.brand-7.example", ("*", *many, "*.brand-7.example")) == (
        "*",
        "*.brand-7.example",
        "and 2,000 others",
    )
    assert evidence.about("contoso.com", many) == ("2,000 others",)
    assert evidence.about("contoso.com", many[:20]) == many[:20]
    assert evidence.about("contoso.com", Unknown("not exported")) == Unknown("not exported")
