"""A first environment for a domain, as the files of its folder: what is known, and where the rest is to be filled in.

What nobody has said yet stands there as `NO_ADDRESS` or `NO_TENANT`, which can be nobody's; `unfilled` finds them,
and no row of such an environment gets a verdict. Everything else that is left out (exports, test mailboxes,
conditions) is unknown by itself.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import dns.rdatatype

from mailflow.environment.announced import Announced, section
from mailflow.environment.environment import Environment, IPAddress
from mailflow.environment.folder import FILE
from mailflow.environment.layout import has_filter_in_front
from mailflow.environment.scenario import DOCUMENTED, PARKED, ScenarioName
from mailflow.exchange.cloud import cloud
from mailflow.mail.address import is_within

NO_ADDRESS = IPv4Address("0.0.0.0")  # noqa: S104  # RFC 1122 section 3.2.1.3: never the address of a host
ASSIGNED = "assigned.invalid"  # the host that Microsoft 365 assigned, where it cannot be derived (RFC 2606 section 2)
NO_TENANT = "00000000-0000-0000-0000-000000000000"  # RFC 9562 section 5.9, the nil UUID
KINDS: dict[ScenarioName, str] = {
    1: "the MX record points to Microsoft 365, which filters everything; the own servers send through it.",
    2: "the MX record points to Microsoft 365; the own servers filter (centralized mail transport).",
    3: "the MX record points to the own servers, which filter everything, in and out.",
    4: "the MX record points to the own servers; what these send leaves through Microsoft 365.",
}
_LONGEST = 400  # characters of a comment
_ELSEWHERE = {True: "; with mx: [<host>] where the MX record is not to point to Microsoft 365", False: ""}
_FILTER = "mx.filter.invalid"  # RFC 2606 section 2: nobody's host, until somebody says whose
_ASK_FOR_IT = " ; FILL IN, in environment.yaml too: the Microsoft 365 admin center shows it, Settings, Domains"
_HEAD = """\
; {domain} as it shall be after the change: FILL IN what is published beside this, change what is not meant.
; Names that end without a dot are names in {domain}.
$ORIGIN {domain}.
$TTL 3600 ; at most an hour, long before the change, so that the change is seen within an hour

@ IN SOA ns.invalid. hostmaster.invalid. ( 1 7200 3600 1209600 3600 )
@ IN NS ns.invalid. ; FILL IN: the name servers
"""
_PARKED = """
; Scenario parked: {kind}
@ IN MX 0 .
@ IN TXT "v=spf1 -all"
*._domainkey IN TXT "v=DKIM1; p="
_dmarc IN TXT "v=DMARC1; p=reject"
"""
_NO_OWN_SIDE = "# on_premises: # where there are mail servers of the own; then begin anew with --server HOST\n"
_EXIT: dict[ScenarioName, str] = {
    2: "\n  # outbound_exit: microsoft-365 # scenario 2: or on-premises, where mail enters the Internet"
}
_EXIT_BY_FILTER = (
    "\n  # outbound_exit: microsoft-365 # or third-party-filter, where mail leaves through the service too"
)
_TENANT_ID = "the overview page of the Microsoft Entra admin center shows it as 'Tenant ID'"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of an organization before anybody has filled anything in."""

    name: str  # the folder's name
    organization: str
    domains: tuple[str, ...]
    scenario: ScenarioName
    server: str  # the host name of the own server; empty: there is none
    addresses: tuple[IPAddress, ...] = (NO_ADDRESS,)
    cloud: str = "worldwide"
    tenant: str = ""
    tenant_id: str = NO_TENANT
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # key → what is to be said beside it
    head: tuple[str, ...] = ()  # what is to be said at the beginning
    spf: str = ""  # an SPF record that is published, to begin with
    about: str = ""  # the title of the feature that states the scenario, where it is none of the four
    assigned: Mapping[str, str] = field(default_factory=dict)  # domain → its host of Microsoft 365, where that was seen
    filters: Mapping[str, tuple[IPAddress, ...]] = field(default_factory=dict)  # MX hosts of a service, as far as seen
    policies: Mapping[str, Announced] = field(default_factory=dict)  # domain → its MTA-STS policy, as far as seen

    def files(self, schema: str) -> dict[str, str]:
        """Give every file of the folder by its path in it; `schema`: the JSON Schema, seen from the folder."""
        zones = {f"zones/{domain}.zone": self._zone(domain) for domain in self.domains}
        handed_out = {name: text for domain, one in self.policies.items() for name, text in one.files(domain).items()}
        return {FILE: self._environment(schema), **zones, **handed_out}

    def _said(self, key: str, *otherwise: str, indent: int = 0) -> str:
        return _comment(self.remarks.get(key, otherwise), indent)

    def _environment(self, schema: str) -> str:
        another = self.scenario not in DOCUMENTED
        hosts = self._mx_hosts
        mx = f", mx: [{', '.join(map(_name, hosts))}]" if hosts else ""
        domains = "".join(
            f"  {domain}: {{scenario: {self.scenario}{mx or self._assigned_mx(domain)}}}\n" for domain in self.domains
        )
        example = self.domains[0]
        exit_ = _EXIT.get(self.scenario, _EXIT_BY_FILTER if self._in_front else "")
        on_premises = f"  on_premises: [] # [kate@{example}, david@{example}]\n" if self.server else ""
        forwards = f"kate@{example}" if self.server else f"sara@{example}"
        return f"""\
# yaml-language-server: $schema={schema}
#
# Scenario {self.scenario}: {self._kind}
# Fill in what is marked with FILL IN; a line that begins with "# " and a key is an example to use or delete.
# What is not filled in is reported as not verified.
{_comment(self.head)}
organization: {json.dumps(self.organization, ensure_ascii=False)}

domains:
{
            self._said(
                "domains",
                "the scenario" + (", and the planned MX hosts: servers below" if hosts else _ELSEWHERE[another]),
                indent=2,
            )
        }{domains}
microsoft_365:
  cloud: {self.cloud} # worldwide, gcc, gcc-high, dod or china
{
            self._said(
                "tenant",
                f"the first label of its onmicrosoft.com domain. A guess from the name {example}: FILL IN",
                indent=2,
            )
        }  tenant: {_name(self.tenant or tenant_of(example))}
{self._said("tenant_id", *_asked(self.tenant_id == NO_TENANT, _TENANT_ID), indent=2)}  tenant_id: {self.tenant_id}
  # exports: exchange-online/ # FILL IN the folder: Get-AcceptedDomain.json, Get-InboundConnector.json, …

{self._own_side() if self.server else _NO_OWN_SIDE}
{self._third_parties()}
# devices: # FILL IN: printers, scanners and applications that send; devices: {{}} if none does
#   scanner: {{way: direct-send, sends_from: [203.0.113.61], as: scanner@{example}, sends_outside: false}}

mailboxes: # FILL IN: one or two of each kind, for test messages
  cloud: [] # [chris@{example}, sara@{example}]
{on_premises}  # forwards: {{{forwards}: kate@tailspintoys.com}}

conditions: # FILL IN: asked, never guessed
  # sends_for_foreign_domains: [] # domains of others for which the organization sends, [] for none
  # users_forward_outside: true

expects: # FILL IN: the choice, where the documentation leaves one{exit_}
  # cloud_forwarding: refused # or allowed: whether mailboxes in the tenant may forward outside

outside: # who plays the Internet in a simulation; nothing to fill in
  fabrikam.com:
    mailboxes: [john@fabrikam.com, news@fabrikam.com]
    host: mail.fabrikam.com
    address: [192.0.2.25, "2001:db8:2::25"]
  tailspintoys.com:
    mailboxes: [kate@tailspintoys.com, lee@tailspintoys.com]
    host: mail.tailspintoys.com
    address: [198.51.100.25]

{self._policy_hosts()}"""

    def _policy_hosts(self) -> str:
        """Write who hands out MTA-STS policies; what senders are told of a parked domain is its null MX."""
        if self.scenario == PARKED:
            return ""
        domain = next(iter(self.policies), self.domains[0])
        told, lines = section(domain, self.policies.get(domain, Announced()))
        return _comment(told) + lines

    @property
    def _in_front(self) -> Mapping[str, tuple[IPAddress, ...]]:
        """The servers of a filtering service, where the scenario has one."""
        if not has_filter_in_front(self.scenario):
            return {}
        return self.filters or {_FILTER: (NO_ADDRESS,)}

    @property
    def _mx_hosts(self) -> tuple[str, ...]:
        """The hosts that MX records are to name; none where it is that of the tenant."""
        return (self.server,) if self.scenario in (3, 4) else tuple(self._in_front)

    def _assigned_mx(self, domain: str) -> str:
        plain = self.scenario == PARKED or self._tenant_host(domain) == cloud(self.cloud).mx_host(domain)
        return "" if plain else f", mx: [{self._tenant_host(domain)}]"

    def _tenant_host(self, domain: str) -> str:
        its_cloud = cloud(self.cloud)
        return self.assigned.get(domain, its_cloud.mx_host(domain) if its_cloud.derives(domain) else ASSIGNED)

    def _third_parties(self) -> str:
        example = self.domains[0]
        asked = "FILL IN: who else sends for the organization"
        if not self._in_front:
            said = self._said("third_parties", f"{asked}; third_parties: {{}} if nobody does")
            return f"{said}# third_parties:\n#   newsletter: {{sends_from: [203.0.113.60], as: news@{example}}}\n"
        servers = "".join(self._filter_server(host, addresses) for host, addresses in self._in_front.items())
        said = self._said("third_parties", asked, indent=2)
        return f"""\
third_parties:
{said}  newsletter: {{sends_from: [{NO_ADDRESS}], as: news@{example}}} # or delete this line
  filter: # the service to which the MX record points
    servers:
{self._said("filter", "FILL IN: the names and addresses that the service assigns", indent=6)}{servers}"""

    def _filter_server(self, host: str, addresses: Sequence[IPAddress]) -> str:
        routes = "".join(
            f"            - {{domain: {name}, smart_host: {to}, require_tls: true, presents_certificate: true}}\n"
            for name in self.domains
            for to in [self._tenant_host(name)]
        )
        return f"""\
      {_name(host)}:
        listens: [{", ".join(json.dumps(str(address)) for address in addresses)}]
        # sends_from: [203.0.113.10] # FILL IN: from where it hands on to Microsoft 365, where that is elsewhere
        # certificate: certificates/{host}.pem # FILL IN: the one that it shows when it hands on
        other: # GUESS: what such a service does
          accepts_for: [{", ".join(self.domains)}]
          routes:
{routes}            - {{domain: "*"}} # reports to senders
          starttls: true
"""

    @property
    def _kind(self) -> str:
        title = self.about.removeprefix(f"Scenario {self.scenario} \N{EN DASH} ")  # as the kit's own features begin
        return KINDS.get(self.scenario) or f"{title or 'what it demands, its feature file says'}."

    def _own_side(self) -> str:
        listed = ", ".join(json.dumps(str(address)) for address in self.addresses)
        return f"""\
on_premises:
  # exports: exchange-server/ # FILL IN the folder: Get-SendConnector.json, Get-ReceiveConnector.json, …
  servers:
{self._said("server", "the name that MX records, certificates and EHLO carry", indent=4)}    {self.server}:
{
            self._said(
                "addresses",
                *_asked(NO_ADDRESS in self.addresses, "the public addresses at which it takes mail"),
                indent=6,
            )
        }      listens: [{listed}]
      # sends_from: [{self.addresses[0]}] # where it connects from another address (NAT)
      # exchange_name: EX01 # its name in the exports, where there are several
      # certificate: certificates/{self.server}.pem # FILL IN: with its intermediates, without its private key
"""

    def _zone(self, domain: str) -> str:
        if self.scenario == PARKED:
            return _HEAD.format(domain=domain) + _PARKED.format(kind=self._kind)
        its_cloud = cloud(self.cloud)
        terms = "".join(f"ip{address.version}:{address} " for address in self.addresses) if self.server else ""
        senders = "the own servers, Microsoft 365" if self.server else "Microsoft 365"
        whence = (
            "as published; GUESS that it is to stay so."
            if self.spf
            else f"{senders}. FILL IN whoever else does, before the end."
        )
        host = self._tenant_host(domain)
        mx = [f"{number}0 {host}." for number, host in enumerate(self._mx_hosts, 1)]
        records = "".join(f"@ IN MX {one}\n" for one in mx or [f"0 {host}.{_ASK_FOR_IT if host == ASSIGNED else ''}"])
        told = f"""\
{_HEAD.format(domain=domain)}
; Scenario {self.scenario}: {self._kind}
{records}
; Who sends as {domain}: {whence}
@ IN TXT {_strings(self.spf or f"v=spf1 {terms}include:{its_cloud.spf_include} -all")}
{self.policies.get(domain, Announced()).zone_lines()}"""
        if not self.server:
            return f"{told}\nautodiscover IN CNAME {its_cloud.autodiscover}.\n"
        if not self.server.endswith(f".{domain}"):
            return told
        label = self.server.removesuffix(f".{domain}")
        hosts = "".join(f"{label} IN {'A' if a.version == 4 else 'AAAA'} {a}\n" for a in self.addresses)
        return f"""{told}
{"; FILL IN: the public addresses of the own server." if NO_ADDRESS in self.addresses else "; The own server."}
{hosts}; The name in EHLO has a record of its own: non-delivery reports have no sender, receivers check this name.
{label} IN TXT "v=spf1 {terms}-all"

; Outlook finds its server on-premises while mailboxes remain there.
autodiscover IN CNAME {self.server}.
"""


def _asked(missing: bool, what: str) -> tuple[str, ...]:
    return (f"FILL IN: {what}",) if missing else (what,)


def _comment(lines: Iterable[str], indent: int = 0) -> str:
    """Write a comment a line; what came from a wire stays inside it."""
    shown = ("".join(letter if letter.isprintable() else "?" for letter in line)[:_LONGEST] for line in lines)
    return "".join(f"{' ' * indent}# {line}".rstrip() + "\n" for line in shown)


def _name(text: str) -> str:
    """Write a name; null without quotes would be nothing at all (YAML 1.2 section 10.2.1.1)."""
    return json.dumps(text) if text == "null" else text


def _strings(text: str) -> str:
    """Write the strings of a TXT record, each of at most 255 octets (RFC 1035 section 3.3)."""
    return " ".join(f'"{text[i : i + 255]}"' for i in range(0, len(text), 255))


def tenant_of(domain: str) -> str:
    """Guess the tenant's name: the first label of the domain, in the letters and digits that such a name has."""
    return "".join(letter for letter in domain.partition(".")[0] if letter.isalnum())


def unfilled(environment: Environment) -> tuple[str, ...]:
    """Say what a draft still has to be told, with the line where it is to be written; empty where nothing is left."""
    told = []
    if environment.microsoft_365.tenant_id == NO_TENANT:
        told.append(f"{environment.line('microsoft_365.tenant_id')} tenant_id")
    told += [
        f"{environment.line(f'on_premises.servers.{server.name}.listens')} addresses of {server.name}"
        for server in environment.on_premises.servers
        if NO_ADDRESS in (*server.listens, *server.sends_from)
    ]
    told += [
        f"{environment.line(f'domains.{domain.name}.mx')} the host that Microsoft 365 assigned to {domain.name}"
        for domain in environment.domains
        if ASSIGNED in domain.mx
    ]
    told += [
        f"{server.origin} the host of Microsoft 365 to which {server.name} hands over"
        for server in environment.servers
        if server.other and any(route.smart_host == ASSIGNED for route in server.other.routes)
    ]
    for party in environment.third_parties:
        at = f"third_parties.{party.name}"
        told += [
            f"{environment.line(f'{at}.servers.{one.name}')} name and addresses of {one.name}"
            for one in party.servers
            if NO_ADDRESS in (*one.listens, *one.sends_from) or is_within(one.name, "invalid")
        ]
        if not party.servers and NO_ADDRESS in party.sends_from:
            told.append(f"{environment.line(at)} addresses of {party.name}")
    for name, zone in environment.zones.items():
        if names := dict.fromkeys(_without_address(zone.iterate_rdatas())):
            told.append(f"zones/{name}.zone {', '.join(names)}")
    return tuple(told)


def _without_address(records: Iterable[Sequence[Any]]) -> Iterable[str]:
    for name, _, record in records:
        text = record.to_text()
        if (
            (record.rdtype == dns.rdatatype.A and text == str(NO_ADDRESS))
            or (record.rdtype == dns.rdatatype.TXT and f"ip4:{NO_ADDRESS}" in text)
            or (record.rdtype == dns.rdatatype.MX and text.endswith(f" {ASSIGNED}."))
        ):
            yield f"{name.to_text(omit_final_dot=True)} {dns.rdatatype.to_text(record.rdtype)}"
