"""Which Received fields are believed, and where the hosts in them stand."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.environment.load import load
from mailflow.environment.message import Kind
from mailflow.exchange.known import Unknown
from mailflow.judge import path as judge
from mailflow.mail.received import read_received
from mailflow.observe.path import Disposition, Place
from mailflow.observe.trace import Side, trace
from mailflow.policy.finding import Verdict
from tests.observe.conftest import FIXTURES

SCENARIO_4 = load(FIXTURES / "scenario-4")
CLOUD, OWN, OUT = Place.MICROSOFT_365, Place.ON_PREMISES, Place.INTERNET
OWN_ID, OTHER_ID = "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90", "7a9b1c2d-3e4f-4a5b-8c6d-0e1f2a3b4c5d"
NAMED = f"X-MS-Exchange-CrossTenant-Id: {OWN_ID}"
TOLD = (NAMED, "X-MS-Exchange-CrossTenant-FromEntityHeader: HybridOnPrem")

# Trace fields, as one host writes them.
BOX = (
    "from AM6PR0402CA0013.eurprd04.prod.outlook.com (2603:10a6:209::26) by AM0PR04MB1234.eurprd04.prod.outlook.com "
    "(2603:10a6:208:cf::14) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.20.7181.19"
)
DOOR = (
    "from {} by CY4PEPF0000E9CD.mail.protection.outlook.com (10.167.241.4) with Microsoft SMTP Server (version=TLS1_3, "
    "cipher=X) id 15.20.7181.19 via Frontend Transport"
)
FROM_OWN = DOOR.format("mail.contoso.com (131.107.21.231)")
FROM_OUT = DOOR.format("mail.fabrikam.com (192.0.2.25)")
OBE = "EUR05-AM6-obe.outbound.protection.outlook.com"
FROM_CLOUD = DOOR.format(f"{OBE} (40.107.8.52)")
MAPI = (
    "from AM0PR04MB1234.eurprd04.prod.outlook.com ([fe80::1]) by AM0PR04MB1234.eurprd04.prod.outlook.com ([fe80::1%4]) "
    "with mapi id 15.20.7181.019"
)
EX = "from {} by EX01.contoso.com (10.0.0.5) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.2.1544.4"
EX_OUT, EX_CLOUD, EX_SELF = (
    EX.format(f"mail.fabrikam.com ({address})") if "192" in address else EX.format(f"{name} ({address})")
    for name, address in (("", "192.0.2.25"), (OBE, "40.107.8.52"), ("EX01.contoso.com", "10.0.0.5"))
)
CLAIM = "from secret.contoso.com (131.107.21.231) by mail.fabrikam.com with ESMTPS id 7"


def places(mail: Any, header: Any, *received: str, kind: Kind = Kind.INTERNET_TO_CLOUD, **fields: Any) -> Any:
    to = {Kind.INTERNET_TO_CLOUD: "chris@contoso.com", Kind.INTERNET_TO_ON_PREMISES: "david@contoso.com"}.get(kind)
    told = {"to": to} if to else {}
    one = mail.only().save(f"{kind.mark}.eml", header(*received, **(told | fields))).path(kind)
    assert one.disposition is Disposition.DELIVERED
    return one


@pytest.mark.parametrize(
    ("received", "way"),
    [
        ((BOX, FROM_OUT, CLAIM), (OUT, CLOUD)),
        ((BOX, FROM_OWN, EX_OUT, CLAIM), (OUT, OWN, CLOUD)),
        ((BOX, FROM_OWN, EX_SELF, EX_CLOUD, MAPI.replace("mapi", "HTTPS"), FROM_OUT), (OUT, CLOUD, OWN, CLOUD)),  # 2
        ((BOX, FROM_OWN, BOX, FROM_OUT), (OUT, CLOUD, OWN, CLOUD)),  # an own gateway that leaves no trace field
        ((BOX, FROM_OWN), (OWN, CLOUD)),
    ],
)
def test_from_the_internet_into_the_tenant(mail: Any, header: Any, received: tuple[str, ...], way: Any) -> None:
    one = places(mail, header, *received, fields=TOLD)
    assert (one.places, one.assumptions) == (way, ())


@pytest.mark.parametrize(
    ("received", "host"),
    [
        ((BOX, DOOR.format("relay7 (131.107.21.231)")), "mail.contoso.com"),  # by its address
        ((BOX, FROM_OWN, EX_SELF), "mail.contoso.com"),  # by the name in the exports, EX01
        ((BOX, DOOR.format("relay7 (131.107.21.231)"), EX_SELF.replace("EX01", "MBX7")), "mail.contoso.com"),
    ],
)
def test_an_own_server_is_called_as_environment_yaml_does(mail: Any, header: Any, received: Any, host: str) -> None:
    one = places(mail, header, *received, fields=TOLD)
    assert [(hop.host, hop.place) for hop in one.hops] == [(host, OWN), ("Microsoft 365", CLOUD)]


def test_an_own_server_is_known_by_its_name_in_the_exports_alone(mail: Any, header: Any) -> None:
    inside = EX_OUT.replace("EX01.contoso.com (10.0.0.5)", "EX01.corp.local (10.0.0.5)")
    one = places(mail, header, inside, kind=Kind.INTERNET_TO_ON_PREMISES)
    assert [(hop.host, hop.place) for hop in one.hops] == [("mail.fabrikam.com", OUT), ("mail.contoso.com", OWN)]


def test_what_a_stranger_claims_is_neither_believed_nor_shown(mail: Any, header: Any) -> None:
    one = places(mail, header, BOX, FROM_OUT, CLAIM, CLAIM, fields=TOLD)
    assert [(hop.host, hop.client) for hop in one.hops] == [("mail.fabrikam.com", ""), ("Microsoft 365", "192.0.2.25")]
    assert not [text for text in one.trace if "secret" in text]


FIELDS = [BOX, FROM_OWN, FROM_OUT, FROM_CLOUD, MAPI, EX_OUT, EX_CLOUD, EX_SELF, CLAIM]


@given(st.lists(st.sampled_from(FIELDS) | st.text(max_size=40), max_size=5))
def test_nothing_that_stands_below_a_stranger_changes_what_is_seen(claims: list[str]) -> None:
    known = [read_received(text) for text in (BOX, FROM_OWN, EX_OUT)]
    claimed = [read_received(text) for text in claims]
    assert trace(SCENARIO_4, [*known, *claimed], own_mailbox=True) == trace(SCENARIO_4, known, own_mailbox=True)


@given(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=8), st.booleans())
def test_what_is_believed_is_the_beginning_and_every_host_in_it_is_placed_or_said_not_to_be(
    texts: list[str], own_mailbox: bool
) -> None:
    fields = [read_received(text) for text in texts]
    found = trace(SCENARIO_4, fields, own_mailbox=own_mailbox)
    assert [one.text for one in found.believed] == texts[: len(found.believed)]
    sides = [station.side for station in found.stations]
    assert sides[-1] is Side.RECEIVER or own_mailbox
    assert Side.STRANGER not in sides[1:]  # only where it came from
    assert (Side.UNPLACED not in sides) or found.untold


@pytest.mark.parametrize(
    ("received", "way"),
    [
        ((EX_SELF, EX_OUT, CLAIM), (OUT, OWN)),
        ((EX_SELF, EX_CLOUD, BOX, FROM_OUT, CLAIM), (OUT, CLOUD, OWN)),
        # The mailbox server of the organization, under a name that environment.yaml does not know.
        ((EX_OUT.replace("EX01.contoso.com", "MBX7.corp.local"), CLAIM), (OUT, OWN)),
        # A firewall in front of the own server translates addresses: the field below shows from where it came.
        ((EX.format(f"{OBE} (10.0.0.1)"), BOX, FROM_OUT), (OUT, CLOUD, OWN)),
        (
            ("from mail.fabrikam.com (mail.fabrikam.com [192.0.2.25]) by mail.contoso.com (Postfix) with ESMTPS id 1",),
            (OUT, OWN),
        ),
    ],
)
def test_from_the_internet_to_the_own_servers(mail: Any, header: Any, received: tuple[str, ...], way: Any) -> None:
    one = places(mail, header, *received, kind=Kind.INTERNET_TO_ON_PREMISES, fields=TOLD)
    assert (one.places, one.assumptions) == (way, ())


@pytest.mark.parametrize(
    ("received", "why"),
    [
        (
            ("from mail.fabrikam.com ([192.0.2.25]) by filter.example with ESMTPS id 1",),
            "filter.example wrote the newest Received field, and is neither a server in environment.yaml nor Exchange",
        ),
        (
            (EX.format("gateway.contoso.com (131.107.21.240)"), CLAIM),
            "gateway.contoso.com [131.107.21.240] has a name of the organization and is no server in environment.yaml",
        ),
        (
            (EX.format("mail.fabrikam.com (unknown)"), CLAIM),
            "the field of ex01.contoso.com does not show from which address mail.fabrikam.com came",
        ),
        (
            (EX_CLOUD, "from a ([192.0.2.1]) by b.example with ESMTP id 1"),
            (
                f"{OBE} [40.107.8.52] has an address of Microsoft 365, but the field below was written by b.example, "
                "which is none of its hosts"
            ),
        ),
        ((EX_SELF,) * 201, "it has more than 200 Received fields"),
    ],
)
def test_a_hop_that_cannot_be_placed_is_said_so(mail: Any, header: Any, received: tuple[str, ...], why: str) -> None:
    one = places(mail, header, *received, kind=Kind.INTERNET_TO_ON_PREMISES, fields=TOLD)
    assert one.assumptions == (f"messages/internet-to-on-premises.eml: {why}",)
    found = judge.never_passes([one], CLOUD)
    assert (found.verdict, found.seen) == (Verdict.NOT_VERIFIED, one.assumptions[0])


def test_where_the_ranges_are_not_known_a_name_alone_places_nobody(mail: Any, header: Any) -> None:
    own = mail.environment.microsoft_365
    mail.change(microsoft_365=replace(own, cloud=replace(own.cloud, ranges=Unknown("not in the toml"))))
    one = places(mail, header, EX_CLOUD, BOX, kind=Kind.INTERNET_TO_ON_PREMISES, fields=TOLD)
    why = f"the ranges of this cloud are not known, so that {OBE} [40.107.8.52] may be anybody"
    assert one.assumptions == (f"messages/internet-to-on-premises.eml: {why}",)


OUTBOUND = {"sender": "chris@contoso.com", "to": "john@fabrikam.com", "reverse": "chris@contoso.com"}
MX = "from {} by mx.fabrikam.com with ESMTPS id 9"
GOOGLE = ("by 2002:a05:6512:3c1 with SMTP id 5", MX.format(f"{OBE} ({OBE}. [40.107.8.52])"))


@pytest.mark.parametrize(
    ("received", "way"),
    [
        ((*GOOGLE, MAPI), (CLOUD, OUT)),
        ((MX.format("gw.fabrikam.com ([192.0.2.26])"), *GOOGLE, MAPI), (CLOUD, OUT)),  # the receiver's own hosts
        ((MX.format("mail.contoso.com ([131.107.21.231])"), EX_SELF, EX_CLOUD, MAPI), (CLOUD, OWN, OUT)),  # centralized
        ((*GOOGLE, FROM_OWN, EX_CLOUD, MAPI), (CLOUD, OWN, CLOUD, OUT)),  # centralized, and out from Microsoft 365
        ((BOX, FROM_CLOUD, MAPI), (CLOUD, OUT)),  # the receiver is a tenant of Microsoft 365 itself
    ],
)
def test_from_the_cloud_to_the_internet(mail: Any, header: Any, received: tuple[str, ...], way: Any) -> None:
    one = places(mail, header, *received, kind=Kind.CLOUD_TO_INTERNET, fields=TOLD, **OUTBOUND)
    assert (one.places, one.assumptions) == (way, ())


def test_a_message_that_shows_nothing_of_the_organization_says_nothing(mail: Any, header: Any) -> None:
    one = places(mail, header, MX.format("gw.fabrikam.com ([192.0.2.26])"), kind=Kind.CLOUD_TO_INTERNET, **OUTBOUND)
    why = "no Received field shows a server of the organization or Microsoft 365"
    assert one.assumptions == (f"messages/cloud-to-internet.eml: {why}",)
    assert judge.leaves_from([one], CLOUD).verdict is Verdict.NOT_VERIFIED


@pytest.mark.parametrize("reverse", [None, "nonsense"])
def test_without_the_reverse_path_spf_is_not_judged(mail: Any, header: Any, reverse: str | None) -> None:
    named = OUTBOUND | {"reverse": reverse}
    one = places(mail, header, *GOOGLE, MAPI, kind=Kind.CLOUD_TO_INTERNET, fields=TOLD, **named)
    why = "it has no Return-Path that can be read, without which SPF cannot be judged"
    assert one.assumptions == (f"messages/cloud-to-internet.eml: {why}",)


def crosstenant(*ids: str) -> tuple[str, ...]:
    return tuple(f"X-MS-Exchange-CrossTenant-Id: {one}" for one in ids)


UNNAMED = "no header field names the tenant of Microsoft 365 that it passed"
BOTH = f"it names the own tenant and another one ({OTHER_ID}): which passed it is open"


@pytest.mark.parametrize(
    ("received", "ids", "told"),
    [
        # One pass: whose tenant it was, the header has to name.
        ((BOX, FROM_OUT), (OWN_ID,), ((OUT, CLOUD), "")),
        ((BOX, FROM_OUT), (OWN_ID.upper(),), ((OUT, CLOUD), "")),
        ((BOX, FROM_OUT), (OTHER_ID,), ((OUT,), "")),
        ((BOX, FROM_OUT), (), ((OUT, CLOUD), UNNAMED)),
        ((BOX, FROM_OUT), (OWN_ID, OTHER_ID), ((OUT,), BOTH)),
        # A sender in another tenant: his pass is the first.
        ((BOX, FROM_CLOUD, MAPI), (OWN_ID, OTHER_ID), ((OUT, CLOUD), "")),
        ((BOX, FROM_CLOUD, MAPI), (OTHER_ID,), ((OUT, CLOUD), UNNAMED)),
        ((BOX, FROM_OWN, EX_CLOUD, MAPI), (OWN_ID, OTHER_ID), ((OUT, OWN, CLOUD), "")),
    ],
)
def test_another_tenant_is_the_internet(
    mail: Any, header: Any, received: tuple[str, ...], ids: tuple[str, ...], told: tuple[Any, str]
) -> None:
    one = places(mail, header, *received, fields=crosstenant(*ids))
    way, why = told
    assert (one.places, one.assumptions) == (way, (f"messages/internet-to-cloud.eml: {why}",) if why else ())
    if why:
        assert judge.enters_at([one], CLOUD).verdict is Verdict.NOT_VERIFIED


def test_the_own_tenant_and_that_of_the_receiver(mail: Any, header: Any) -> None:
    received = (BOX, FROM_CLOUD, BOX, FROM_OWN, EX_SELF)
    people = {"sender": "david@contoso.com", "to": "john@fabrikam.com", "reverse": "david@contoso.com"}
    one = places(
        mail, header, *received, kind=Kind.ON_PREMISES_TO_INTERNET, fields=crosstenant(OWN_ID, OTHER_ID), **people
    )
    assert (one.places, one.assumptions) == ((OWN, CLOUD, OUT), ())
    # In either case the certificate of the own servers takes it by the own tenant.
    for found in (judge.never_passes([one], CLOUD), judge.leaves_from([one], OWN)):
        assert found.verdict is Verdict.NOT_VERIFIED
        assert "does not show to whose host of Microsoft 365 it was handed" in found.seen
    assert judge.passes([one], [OWN, CLOUD]).verdict is Verdict.COMPLIANT
    assert judge.leaves_from([one], CLOUD).verdict is Verdict.COMPLIANT
    back = replace(one, hops=(*one.hops[:1], one.hops[1], *one.hops))  # it had been in the tenant before, for itself
    assert judge.never_passes([back], OWN).verdict is Verdict.NON_COMPLIANT


ENTITY = "X-MS-Exchange-CrossTenant-FromEntityHeader: {}"
DIRECTION = "X-MS-Exchange-Organization-MessageDirectionality: {}"


@pytest.mark.parametrize(
    ("fields", "verdict", "seen"),
    [
        ((ENTITY.format("HybridOnPrem"),), Verdict.COMPLIANT, "so it was for the one message sent"),
        ((DIRECTION.format("Originating"),), Verdict.COMPLIANT, "so it was for the one message sent"),
        (
            (ENTITY.format("Internet"), DIRECTION.format("Incoming")),
            Verdict.NON_COMPLIANT,
            "Microsoft 365 took it as mail from the Internet: by its header, mail from the Internet",
        ),
        ((), Verdict.NOT_VERIFIED, "does not show to whom Microsoft 365 attributed the message"),
        (
            (ENTITY.format("Hosted"),),
            Verdict.NOT_VERIFIED,
            "does not show to whom Microsoft 365 attributed the message",
        ),
        (
            (ENTITY.format("Internet"), DIRECTION.format("Originating")),
            Verdict.NOT_VERIFIED,
            "does not show to whom Microsoft 365 attributed the message",
        ),
    ],
)
def test_attribution_is_what_the_header_says_and_nothing_where_it_is_silent(
    mail: Any, header: Any, fields: tuple[str, ...], verdict: Verdict, seen: str
) -> None:
    one = places(mail, header, BOX, FROM_OWN, EX_OUT, fields=(NAMED, *fields))
    found = judge.attributed([one])
    where = "messages/internet-to-cloud.eml " if verdict is Verdict.NOT_VERIFIED else ""
    assert (found.verdict, found.seen) == (verdict, where + seen)
    assert judge.passes([one], [OWN, CLOUD]).verdict is Verdict.COMPLIANT  # what is shown is judged all the same


def test_of_two_passes_the_first_may_be_the_one_that_the_header_speaks_of(mail: Any, header: Any) -> None:
    passed_twice = (BOX, FROM_OWN, EX_CLOUD, BOX, FROM_OUT)
    one = places(mail, header, *passed_twice, fields=(NAMED, ENTITY.format("Internet")))
    assert judge.attributed([one]).verdict is Verdict.NOT_VERIFIED
    one = places(mail, header, *passed_twice, fields=(NAMED, ENTITY.format("HybridOnPrem")))
    assert judge.attributed([one]).verdict is Verdict.COMPLIANT


PRESERVED = "X-OrganizationHeadersPreserved: AM0PR04MB1234.eurprd04.prod.outlook.com"


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ((PRESERVED,), Verdict.COMPLIANT),
        ((), Verdict.NOT_VERIFIED),
        (("X-OrganizationHeadersPreserved: EX01.contoso.com",), Verdict.NOT_VERIFIED),  # kept on the other way
    ],
)
def test_a_connector_is_shown_by_the_headers_that_it_kept(
    mail: Any, header: Any, fields: Any, verdict: Verdict
) -> None:
    people = {"sender": "chris@contoso.com", "to": "david@contoso.com"}
    one = places(mail, header, EX_CLOUD, MAPI, kind=Kind.CLOUD_TO_ON_PREMISES, fields=(NAMED, *fields), **people)
    found = judge.by_connector([one])
    assert found.verdict is verdict
    if verdict is Verdict.NOT_VERIFIED:
        why = "does not show whether a connector or an MX record led it there"
        assert found.seen == f"messages/cloud-to-on-premises.eml {why}"


@pytest.mark.parametrize(
    ("clause", "tls", "verdict"),
    [
        ("with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15.2.1", "TLS1_2", Verdict.COMPLIANT),
        ("with Microsoft SMTP Server (TLS) id 15.0.1", "TLS", Verdict.COMPLIANT),
        ("with ESMTPS id 1", "TLS", Verdict.COMPLIANT),
        ("with ESMTP id 1", "", Verdict.NON_COMPLIANT),  # RFC 3848
        ("with Microsoft SMTP Server id 15.2.1", None, Verdict.NOT_VERIFIED),
        ("id 1", None, Verdict.NOT_VERIFIED),
    ],
)
def test_tls_is_what_the_with_clause_says(
    mail: Any, header: Any, clause: str, tls: str | None, verdict: Verdict
) -> None:
    people = {"sender": "chris@contoso.com", "to": "david@contoso.com"}
    field = f"from {OBE} (40.107.8.52) by mail.contoso.com (10.0.0.5) {clause}"
    one = places(mail, header, field, MAPI, kind=Kind.CLOUD_TO_ON_PREMISES, fields=(NAMED,), **people)
    assert (one.hops[-1].tls, judge.over_tls([one]).verdict) == (tls, verdict)
