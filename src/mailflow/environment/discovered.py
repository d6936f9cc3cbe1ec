"""What the DNS shows of a mail domain today: who takes its mail, who may send for it, whose names stand in it.

Pure: `look` asks and is answered. What it returns are facts; what they mean is guessed elsewhere and said to be.
"""

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from mailflow.environment.environment import IPAddress
from mailflow.exchange.cloud import CLOUDS, cloud, is_microsoft_host, is_retired_host
from mailflow.exchange.known import Unknown
from mailflow.mail.address import is_within
from mailflow.records.answer import Answer, Question
from mailflow.records.mta_sts import VERSION
from mailflow.records.mx import by_preference, is_host_name, is_null_mx
from mailflow.records.spf_syntax import Directive, parse, spf_records
from mailflow.records.tag_list import versions

Looking = Generator[Question, Answer, "Seen"]

# Microsoft, "How to use DKIM": a selector is an alias of selector1-contoso-com._domainkey.contoso.onmicrosoft.com, and
# for domains set up since 2025 of selector1-contoso-com._domainkey.contoso.n-v1.dkim.mail.microsoft.
_TENANT = re.compile(
    r"\._domainkey\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.(?:onmicrosoft\.com|[a-z0-9-]+\.dkim\.mail\.microsoft)$"
)
_MOST_HOSTS = 10  # MX hosts that are looked up; who has more has a service that spreads its names


@dataclass(frozen=True, slots=True)
class Seen:
    """The facts of one domain."""

    domain: str
    mx: tuple[str, ...]  # in the order of senders; empty: none, or a null MX
    null_mx: bool  # it says that it takes no mail (RFC 7505)
    spf: tuple[str, ...]  # its SPF records; one is right
    autodiscover: str  # the alias; empty where there is none
    tenant: str  # contoso, from the names of DKIM selectors; empty where they say none
    hosts: Mapping[str, tuple[IPAddress, ...]]  # hosts that are not Microsoft's, with their addresses
    sts: tuple[str, ...]  # the records that announce an MTA-STS policy; one is right
    unanswered: tuple[str, ...]  # questions to which nobody gave an answer: not known, and not absent

    @property
    def terms(self) -> tuple[Directive, ...]:
        """The terms of the SPF record; none where there is not exactly one record."""
        return parse(self.spf[0]).directives if len(self.spf) == 1 else ()

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks that the SPF record lists itself."""
        return tuple(term.network for term in self.terms if term.network is not None and term.qualifier == "+")

    @property
    def includes(self) -> tuple[str, ...]:
        """The domains whose records it includes, lower case."""
        return tuple(term.domain_spec.lower().removesuffix(".") for term in self.terms if term.mechanism == "include")

    @property
    def microsoft_mx(self) -> tuple[str, ...]:
        """The MX hosts that are Microsoft's, retired ones too."""
        return tuple(host for host in self.mx if is_microsoft_host(host) or is_retired_host(host))

    @property
    def own(self) -> dict[str, tuple[IPAddress, ...]]:
        """The hosts that look like the organization's: by name in the domain, or by address in its SPF record.

        That record also lists others who send: a filter that takes the mail, as the documentation has it ("Filter
        hybrid"). So where it lists hosts by name in the domain, one elsewhere looks own at their addresses only.
        """
        named = {host: its for host, its in self.hosts.items() if its and is_within(host, self.domain)}
        known = {address for its in named.values() for address in its if self.lists(address)}
        listed = {
            host: its
            for host, its in self.hosts.items()
            if any(map(self.lists, its)) and (not known or not known.isdisjoint(its))
        }
        return {host: its for host, its in self.hosts.items() if host in named or host in listed}

    def lists(self, address: IPAddress) -> bool:
        """Whether the SPF record lists an address itself."""
        return any(address in network for network in self.networks)

    @property
    def cloud(self) -> str:
        """The cloud whose names stand in MX and SPF; empty where none does. `gcc` has the names of `worldwide`."""
        for name in CLOUDS:
            its = cloud(name)
            if its.spf_include in self.includes or any(host.endswith(f".{its.mx_suffix}") for host in self.mx):
                return name
        return "worldwide" if self.microsoft_mx or self.tenant else ""


def look(domain: str) -> Looking:
    """Ask what there is to ask of a domain, by name in the form of `domain_name`."""
    unanswered: list[str] = []

    def ask(name: str, rdtype: str) -> Generator[Question, Answer, Answer]:
        answer = yield Question(name, rdtype)
        if answer.failed:
            unanswered.append(f"{answer.question}: {answer.outcome}")
        return answer

    mx = yield from ask(domain, "MX")
    records = by_preference(mx)
    null = is_null_mx(records)
    exchanges = () if null else tuple(dict.fromkeys(one.exchange for one in records))
    txt = yield from ask(domain, "TXT")
    autodiscover = _alias((yield from ask(f"autodiscover.{domain}", "CNAME")))
    one = yield from ask(f"selector1._domainkey.{domain}", "CNAME")
    two = yield from ask(f"selector2._domainkey.{domain}", "CNAME")
    sts = yield from ask(f"_mta-sts.{domain}", "TXT")
    hosts = {}
    for host in dict.fromkeys([*exchanges[:_MOST_HOSTS], autodiscover, f"mail.{domain}"]):
        if is_host_name(host) and not is_microsoft_host(host) and not _is_microsoft_name(host):
            four = yield from ask(host, "A")
            six = yield from ask(host, "AAAA")
            hosts[host] = tuple(
                value
                for value in (*four.values, *six.values)
                if isinstance(value, IPv4Address | IPv6Address) and not _is_microsoft_address(value)
            )
    tenant = _tenant((_alias(one), _alias(two)))
    return Seen(
        domain,
        exchanges,
        null,
        spf_records(txt.values),
        autodiscover,
        tenant,
        hosts,
        versions(sts.values, VERSION),
        tuple(unanswered),
    )


def _alias(answer: Answer) -> str:
    return next((value for value in answer.values if isinstance(value, str)), "")


def _is_microsoft_name(host: str) -> bool:
    return any(host == cloud(name).autodiscover for name in CLOUDS) or is_retired_host(host)


def _is_microsoft_address(address: IPAddress) -> bool:
    ranges = cloud("worldwide").ranges
    return not isinstance(ranges, Unknown) and any(address in network for network in ranges)


def _tenant(selectors: Iterable[str]) -> str:
    return next((found[1] for alias in selectors if (found := _TENANT.search(alias))), "")
