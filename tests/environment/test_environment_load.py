"""Loading: what the shipped environments are, what is defaulted, and what the digest covers."""

import dataclasses
import json
import re
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.rdatatype
import pytest

from mailflow.environment.answers import Conditions, Exit, Expects, Permission
from mailflow.environment.environment import (
    Changes,
    Domain,
    Environment,
    OtherServer,
    Outside,
    Route,
    ThirdParty,
    Waiver,
)
from mailflow.environment.load import load
from mailflow.environment.mailboxes import Mailboxes
from mailflow.exchange.known import Unknown
from mailflow.mail.address import Address

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = ("scenario-1", "scenario-2", "scenario-2-direct-exit", "scenario-3", "scenario-4")


def mailbox(text: str) -> Address:
    return Address.parse(text)


def unknowns(value: object, path: str) -> Iterator[str]:
    if isinstance(value, Unknown):
        yield f"{path}: {value.why}"
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from unknowns(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from unknowns(item, f"{path}[{i}]")


def published(environment: Environment, name: str, kind: str) -> list[str]:
    zone = environment.zones["contoso.com"]
    records = zone.get_rdataset(name + ".", dns.rdatatype.from_text(kind))
    return sorted(record.to_text() for record in records or ())


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_environment_leaves_nothing_unknown(name: str) -> None:
    environment = load(FIXTURES / name)
    assert list(unknowns(dataclasses.replace(environment, before=None), name)) == []
    server = environment.on_premises.servers[0]
    assert server.certificate is not None
    assert (server.certificate.trusted, server.certificate.distrust) == (True, "")
    assert server.certificate.names == ("mail.contoso.com", "contoso.com")


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_environment_publishes_what_its_scenario_demands(name: str) -> None:
    environment = load(FIXTURES / name)
    scenario = environment.domains[0].scenario
    mx = ["0 contoso-com.mail.protection.outlook.com."] if scenario < 3 else ["10 mail.contoso.com."]
    assert published(environment, "contoso.com", "MX") == mx
    assert environment.zones["contoso.com"].get_rdataset("contoso.com.", "MX").ttl == 3600
    assert published(environment, "contoso.com", "TXT") == [
        '"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"'
    ]
    assert published(environment, "mail.contoso.com", "TXT") == ['"v=spf1 ip4:131.107.21.231 -all"']
    assert published(environment, "mail.contoso.com", "A") == ["131.107.21.231"]
    assert published(environment, "autodiscover.contoso.com", "CNAME") == ["mail.contoso.com."]
    reverse = environment.zones["21.107.131.in-addr.arpa"]
    assert reverse.get_rdataset("231.21.107.131.in-addr.arpa.", "PTR")[0].to_text() == "mail.contoso.com."


@pytest.mark.parametrize(
    ("name", "central", "direct", "locked_on_premises", "partner", "skips", "expects"),
    [
        ("scenario-1", False, False, True, False, False, Expects(None, Permission.ALLOWED)),
        ("scenario-2", True, False, True, False, False, Expects(Exit.MICROSOFT_365, Permission.REFUSED)),
        ("scenario-2-direct-exit", True, True, True, False, False, Expects(Exit.ON_PREMISES, Permission.REFUSED)),
        ("scenario-3", True, True, False, True, True, Expects(None, Permission.REFUSED)),
        ("scenario-4", False, False, False, True, True, Expects(None, Permission.ALLOWED)),
    ],
)
def test_a_shipped_environment_is_configured_as_its_scenario_demands(
    *,
    name: str,
    central: bool,
    direct: bool,
    locked_on_premises: bool,
    partner: bool,
    skips: bool,
    expects: Expects,
) -> None:
    environment = load(FIXTURES / name)
    online, exchange = environment.microsoft_365.online, environment.on_premises.exchange
    (outbound,) = online.outbound_connectors
    assert outbound.route_all_messages_via_on_premises is central
    below = ("eu.contoso.com",) if name == "scenario-1" else ()
    assert outbound.recipient_domains == (("*",) if central else ("contoso.com", *below))
    assert (outbound.smart_hosts, outbound.use_mx_record, outbound.tls_domain) == (
        ("mail.contoso.com",),
        False,
        "mail.contoso.com",
    )
    inbound, *restricting = online.inbound_connectors
    assert (inbound.tls_sender_certificate_name, inbound.ef_skip_last_ip) == ("contoso.com", skips)
    assert [(c.connector_type, c.sender_domains, c.restrict_domains_to_certificate) for c in restricting] == (
        [("Partner", ("*",), True)] if partner else []
    )
    _, internet = exchange.send_connectors
    assert internet.address_spaces[0].domain == "*"
    assert internet.dns_routing_enabled is direct
    assert internet.smart_hosts == (() if direct else ("contoso-com.mail.protection.outlook.com",))
    front = exchange.receive_connectors[0]
    assert front.anonymous_may_relay is False
    whole = [r for r in front.remote_ip_ranges if (r.version, r.size) == (4, 1 << 32)]
    assert bool(whole) is not locked_on_premises
    assert environment.expects == expects
    policy = "On" if expects.cloud_forwarding is Permission.ALLOWED else "Off"
    assert [p.auto_forwarding_mode for p in online.outbound_spam_filter_policies] == [policy]


def test_a_locked_receive_connector_takes_exactly_the_published_ranges() -> None:
    environment = load(FIXTURES / "scenario-1")
    front = environment.on_premises.exchange.receive_connectors[0]
    ranges = environment.microsoft_365.cloud.ranges
    assert {(r.version, r.first, r.last) for r in front.remote_ip_ranges} == {
        (n.version, int(n[0]), int(n[-1])) for n in ranges
    }


def test_the_words_of_an_environment_file_arrive() -> None:
    environment = load(FIXTURES / "scenario-4")
    assert (environment.name, environment.organization) == ("scenario-4", "Contoso")
    assert environment.domains == (Domain("contoso.com", 4, ("mail.contoso.com",)),)
    tenant = environment.microsoft_365
    assert (tenant.cloud.name, tenant.tenant, tenant.tenant_id) == (
        "worldwide",
        "contoso",
        "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90",
    )
    (server,) = environment.on_premises.servers
    address = (ip_address("131.107.21.231"),)
    assert (server.name, server.listens, server.sends_from, server.greets_as, server.exchange_name) == (
        "mail.contoso.com",
        address,
        address,
        "mail.contoso.com",
        "EX01",
    )
    assert (server.other, server.is_exchange, server.origin) == (None, True, "environment.yaml:21")
    assert environment.third_parties == (
        ThirdParty(
            "newsletter",
            (ip_address("203.0.113.60"),),
            mailbox("news@contoso.com"),
            "mta.newsletter.example",
            dkim={"contoso.com": "newsletter"},
        ),
    )
    assert environment.mailboxes == Mailboxes(
        tuple(map(mailbox, ("chris@contoso.com", "sara@contoso.com", "lee@contoso.com"))),
        tuple(map(mailbox, ("kate@contoso.com", "david@contoso.com"))),
        {
            mailbox("kate@contoso.com"): mailbox("kate@tailspintoys.com"),
            mailbox("lee@contoso.com"): mailbox("lee@tailspintoys.com"),
        },
    )
    assert environment.conditions == Conditions(("fabrikam.com",), True)
    assert environment.outside == (
        Outside(
            "fabrikam.com",
            (mailbox("john@fabrikam.com"), mailbox("news@fabrikam.com")),
            "mail.fabrikam.com",
            (ip_address("192.0.2.25"), ip_address("2001:db8:2::25")),
            None,
        ),
        Outside(
            "tailspintoys.com",
            (mailbox("kate@tailspintoys.com"), mailbox("lee@tailspintoys.com")),
            "mail.tailspintoys.com",
            (ip_address("198.51.100.25"),),
            None,
        ),
    )
    assert [a.subject.rfc4514_string() for a in environment.authorities] == [
        "CN=Example Root CA,O=Example Trust",
        "CN=Example Web Root,O=Example Web Trust",
    ]
    assert environment.signed_zones == {"contoso.com"}
    (policy_host,) = environment.policy_hosts.values()
    assert list(environment.policy_hosts) == ["contoso.com"]
    assert (policy_host.name, policy_host.listens) == ("mta-sts.contoso.com", (ip_address("131.107.21.232"),))
    assert (policy_host.certificate.names, policy_host.certificate.trusted) == (("mta-sts.contoso.com",), True)
    assert policy_host.file == "mta-sts/contoso.com.txt"
    assert policy_host.policy == b"version: STSv1\nmode: enforce\nmx: mail.contoso.com\nmax_age: 604800\n"
    assert environment.waivers == ()
    assert environment.line("domains.contoso.com") == "environment.yaml:10"
    assert environment.line("on_premises.servers.mail.contoso.com.certificate") == "environment.yaml:25"
    assert environment.line("mailboxes.forwards.lee@contoso.com") == "environment.yaml:41"


def test_what_is_not_written_has_its_documented_default(scenario_4) -> None:
    lines = (scenario_4.path / "environment.yaml").read_text(encoding="utf-8")
    for line in ("cloud: worldwide", "sends_from: [131", "exchange_name", "greets_as", "exports:", "users_forward"):
        lines = re.sub(rf"^ *{re.escape(line)}.*\n", "", lines, flags=re.MULTILINE)
    scenario_4.write("environment.yaml", lines)
    environment = load(scenario_4.path)
    (server,) = environment.on_premises.servers
    assert environment.microsoft_365.cloud.name == "worldwide"
    assert server.sends_from == server.listens == (ip_address("131.107.21.231"),)
    assert (server.greets_as, server.exchange_name) == ("mail.contoso.com", "")
    assert environment.third_parties[0].greets_as == "[203.0.113.60]"
    assert environment.conditions == Conditions(("fabrikam.com",), None)
    assert list(unknowns(environment, "it")) == []  # the folders of exports are the default ones


def test_a_key_with_nothing_behind_it_is_not_written(scenario_4) -> None:
    scenario_4.replace("environment.yaml", "users_forward_outside: true", "users_forward_outside:")
    scenario_4.replace("environment.yaml", "sends_for_foreign_domains: [fabrikam.com]", "sends_for_foreign_domains: []")
    assert load(scenario_4.path).conditions == Conditions((), None)


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("No", False), ('"true"', True), ("off", False)])
def test_yes_and_no_are_meant_where_they_are_asked_for(scenario_4, word: str, value: bool) -> None:
    scenario_4.replace("environment.yaml", "users_forward_outside: true", f"users_forward_outside: {word}")
    assert load(scenario_4.path).conditions.users_forward_outside is value


def test_a_name_stays_the_text_that_is_written(scenario_4) -> None:
    scenario_4.replace("environment.yaml", "organization: Contoso", "organization: No")
    scenario_4.replace("environment.yaml", "tenant: contoso ", "tenant: 0123 ")
    environment = load(scenario_4.path)
    assert (environment.organization, environment.microsoft_365.tenant) == ("No", "0123")


def test_an_export_that_is_not_supplied_is_unknown_and_no_mistake(scenario_4) -> None:
    (scenario_4.path / "exchange-online" / "Get-InboundConnector.json").unlink()
    connectors = load(scenario_4.path).microsoft_365.online.inbound_connectors
    assert isinstance(connectors, Unknown)
    assert "exchange-online/Get-InboundConnector.json" in connectors.why


def test_an_export_of_export_clixml_is_read_and_counted_in_the_digest(scenario_4) -> None:
    (scenario_4.path / "exchange-online" / "Get-TransportRule.json").unlink()
    digests = set()
    for suffix in (".clixml", ".XML"):
        for text in ("<Objs/>", "<Objs></Objs>"):
            scenario_4.write(f"exchange-online/get-transportrule{suffix}", text)
            environment = load(scenario_4.path)
            assert environment.microsoft_365.online.transport_rules == ()
            digests.add(environment.digest)
        (scenario_4.path / "exchange-online" / f"get-transportrule{suffix}").unlink()
    assert len(digests) == 4


def test_a_folder_with_the_name_of_an_export_that_nothing_reads_is_not_counted(scenario_4) -> None:
    digest = load(scenario_4.path).digest
    (scenario_4.path / "exchange-online" / "Get-Contact.json").mkdir()
    assert load(scenario_4.path).digest == digest


def test_a_domain_missing_from_the_accepted_domains_is_no_mistake(scenario_4) -> None:
    file = scenario_4.path / "exchange-online" / "Get-AcceptedDomain.json"
    rows = json.loads(file.read_text(encoding="utf-8"))
    scenario_4.write("exchange-online/Get-AcceptedDomain.json", json.dumps(rows[1:]))
    assert len(load(scenario_4.path).microsoft_365.online.accepted_domains) == 2


def test_a_server_that_is_not_exchange_brings_its_own_facts(scenario_4) -> None:
    scenario_4.replace("environment.yaml", "      exchange_name: EX01       # the name in the exports\n", "")
    scenario_4.replace(
        "environment.yaml",
        "      sends_from: [131.107.21.231]",
        """      other:
        accepts_for: [contoso.com]
        relays_for: [microsoft-365, 10.0.0.0/8]
        accepts_from: [microsoft-365, 198.51.100.0/24]
        routes:
          - {domain: contoso.mail.onmicrosoft.com, require_tls: true, presents_certificate: yes}
          - {domain: "*", smart_host: contoso-com.mail.protection.outlook.com}
        routing_addresses: {chris@contoso.com: chris@contoso.mail.onmicrosoft.com}
        starttls: true
      sends_from: [131.107.21.231]""",
    )
    environment = load(scenario_4.path)
    (server,) = environment.on_premises.servers
    assert not server.is_exchange
    assert server.other == OtherServer(
        accepts_for=("contoso.com",),
        relays_for=(ip_network("10.0.0.0/8"),),
        relays_for_microsoft_365=True,
        accepts_from=(*environment.microsoft_365.cloud.ranges, ip_network("198.51.100.0/24")),
        routes=(
            Route("contoso.mail.onmicrosoft.com", None, True, True),
            Route("*", "contoso-com.mail.protection.outlook.com", False, False),
        ),
        routing_addresses={mailbox("chris@contoso.com"): mailbox("chris@contoso.mail.onmicrosoft.com")},
        starttls=True,
    )


def test_waivers_are_read_with_quoted_and_bare_days(scenario_4) -> None:
    scenario_4.write(
        "waivers.yaml",
        """# accepted by the change board
- id: S4-MX-3
  domain: Contoso.com
  reason: The certificate carries another name.
  risk: None for mail.
  approver: Head of IT
  ticket: CHG-1
  from: 2026-12-01
  until: "2027-01-31"
""",
    )
    assert load(scenario_4.path).waivers == (
        Waiver(
            "S4-MX-3",
            "contoso.com",
            "The certificate carries another name.",
            "None for mail.",
            "Head of IT",
            "CHG-1",
            "2026-12-01",
            "2027-01-31",
            "waivers.yaml:2",
        ),
    )


@pytest.mark.parametrize(
    "file",
    [
        "environment.yaml",
        "zones/contoso.com.zone",
        "exchange-online/Get-Mailbox.json",
        "exchange-server/Get-SendConnector.json",
        "certificates/mail.contoso.com.pem",
        "certificates/authority.pem",
        "waivers.yaml",
    ],
)
def test_the_digest_changes_with_every_file_that_is_read(scenario_4, file: str) -> None:
    before = load(scenario_4.path).digest
    assert re.fullmatch(r"[0-9a-f]{64}", before)
    path = scenario_4.path / file
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b"\n")
    after = load(scenario_4.path).digest
    assert before != after
    assert after == load(scenario_4.path).digest


def test_the_digest_rests_on_names_too_but_not_on_the_place_or_on_other_files(scenario_4) -> None:
    before = load(FIXTURES / "scenario-4").digest
    assert load(scenario_4.path).digest == before
    scenario_4.write("notes.txt", "nothing")
    assert load(scenario_4.path).digest == before
    zones = scenario_4.path / "zones"
    (zones / "21.107.131.in-addr.arpa.zone").rename(zones / "22.107.131.in-addr.arpa.zone")
    scenario_4.replace("zones/22.107.131.in-addr.arpa.zone", "21.107.131", "22.107.131")
    assert load(scenario_4.path).digest != before


def test_loading_takes_less_than_150_milliseconds() -> None:
    load(FIXTURES / "scenario-2")  # imports
    spent = []
    for _ in range(3):
        begin = time.process_time()
        load(FIXTURES / "scenario-2")
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.150


def test_a_filtering_service_is_a_third_party_and_no_own_server() -> None:
    environment = load(FIXTURES / "third-party-filter")
    assert environment.on_premises.servers == ()
    service, newsletter = environment.third_parties
    addresses = tuple(ip_address(f"203.0.113.{number}") for number in (10, 11))
    assert (service.name, service.sends_as, service.greets_as) == ("filter", None, "mx1.filter.example")
    assert service.sends_from == addresses
    assert [(one.name, one.listens, one.origin) for one in environment.filter_servers] == [
        ("mx1.filter.example", addresses[:1], "environment.yaml:23"),
        ("mx2.filter.example", addresses[1:], "environment.yaml:37"),
    ]
    (first, _) = environment.filter_servers
    assert first.certificate is not None
    assert first.certificate.trusted
    assert first.other is not None
    assert first.other.routes == (
        Route("contoso.com", "contoso-com.mail.protection.outlook.com", True, True),
        Route("*", None, False, False),
    )
    assert environment.third_parties_of(environment.domains[0]) == (newsletter,)


def test_who_signs_and_who_changes_messages(scenario_4) -> None:
    usual = load(scenario_4.path)
    assert [(server.dkim, server.changes_messages) for server in usual.on_premises.servers] == [({}, None)]
    assert [(party.dkim, party.returns_to) for party in usual.third_parties] == [({"contoso.com": "newsletter"}, None)]
    said = "dkim: {Contoso.COM: S1}\n      changes_messages: after-signing\n      sends_from"
    scenario_4.replace("environment.yaml", "sends_from", said)
    returns = "    returns_to: bounces@newsletter.example"
    scenario_4.replace("environment.yaml", "    dkim: {contoso.com: newsletter}", returns)
    (server,), (party,) = (there := load(scenario_4.path)).on_premises.servers, there.third_parties
    assert (server.dkim, server.changes_messages) == ({"contoso.com": "s1"}, Changes.AFTER_SIGNING)
    assert (party.dkim, party.returns_to) == ({}, mailbox("bounces@newsletter.example"))
