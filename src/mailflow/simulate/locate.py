"""Locating the target host (RFC 5321 section 5.1), as a simulated MTA does it: by the simulated DNS."""

import asyncio
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from mailflow.mail.reply import Reply
from mailflow.simulate.transfer import Target, literal

_LIFETIME_S = 5.0

NO_DNS_ANSWER = "4.4.3"  # RFC 3463 section 3.5: directory server failure


class Locator:
    """Finds smart hosts and mail exchangers. Nothing is asked twice: what they all lead to is the same few hosts."""

    def __init__(self, port: int, server: str = "127.0.0.1") -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver(server, port)]
        self._resolver.lifetime = _LIFETIME_S
        self._asked: dict[tuple[str, str], asyncio.Task[Any]] = {}

    async def targets(self, smart_hosts: Sequence[str], domain: str) -> Sequence[Target] | Reply:
        """Give the hosts for a next hop in the order of trying, or the reply where there is none."""
        return await (self._smart_hosts(smart_hosts) if smart_hosts else self._mail_exchangers(domain))

    async def choices(self, domain: str, also: Collection[str] = ()) -> tuple[tuple[str, ...], ...]:
        """Give the orders in which senders may try the MX hosts of a domain: each of the best preference first, once.

        Senders "MUST randomize them to spread the load" (RFC 5321 section 5.1): any of them may get any message. Those
        of `also` come first in an order of their own too, as where the better ones do not answer. None where there is
        no host to choose.
        """
        answer = await self._ask(domain, "MX")
        if answer is None or isinstance(answer, Reply):
            return ()
        ranked = sorted((one.preference, one.exchange.to_text(omit_final_dot=True).lower()) for one in answer)
        hosts = [host for _, host in ranked if literal(host) is None]
        best = [h for preference, h in ranked if h in hosts and (preference == ranked[0][0] or h in also)]
        return tuple((first, *(host for host in hosts if host != first)) for first in best)

    async def _smart_hosts(self, hosts: Sequence[str]) -> Sequence[Target] | Reply:
        found = await self._addresses(hosts, literals=True)
        return found or Reply(451, "4.4.4", f"DNS: no address for smart host {', '.join(hosts)}")

    async def _mail_exchangers(self, domain: str) -> Sequence[Target] | Reply:
        answer = await self._ask(domain, "MX")
        if isinstance(answer, Reply):
            return answer
        if answer is None:
            # No MX record: the domain's own address counts as one.
            return await self._addresses([domain]) or Reply(550, "5.1.2", f"DNS: {domain} has no MX and no address")
        records = sorted(answer, key=lambda record: (record.preference, record.exchange))
        hosts = [record.exchange.to_text(omit_final_dot=True).lower() for record in records]
        if hosts == ["."]:
            return Reply(556, "5.1.10", f"{domain} does not accept mail (null MX)")  # RFC 7505 section 4.2
        found = await self._addresses(hosts)
        # MX records of which none is usable are an error; the domain's own address is no way round them.
        return found or Reply(451, "4.4.4", f"DNS: no address for {', '.join(hosts)}, the MX of {domain}")

    async def _addresses(self, hosts: Sequence[str], *, literals: bool = False) -> list[Target] | Reply:
        """Give the addresses of the hosts in their order; where there is none, the failure that left it open.

        A smart host may be written as an address. An MX record names a host (RFC 5321 section 5.1), and none is called
        like an address.
        """
        found: list[Target] = []
        failed: Reply | None = None
        for host in hosts:
            address = literal(host)
            if address:
                found += [Target(host, address)] if literals else []
                continue
            for answer in (await self._ask(host, "A"), await self._ask(host, "AAAA")):
                if isinstance(answer, Reply):
                    failed = answer
                elif answer is not None:
                    found += [Target(host, ip_address(record.address)) for record in answer]
        return failed if failed and not found else found

    async def _ask(self, name: str, rdtype: str) -> Any:
        """Look up, once: records, None where there are none, a reply where the DNS gave no answer."""
        asked = self._asked.get((name, rdtype))
        if asked is None:
            asked = asyncio.get_running_loop().create_task(self._look_up(name, rdtype))
            self._asked[name, rdtype] = asked
        return asked.result() if asked.done() else await asyncio.shield(asked)

    async def _look_up(self, name: str, rdtype: str) -> Any:
        try:
            return await self._resolver.resolve(name, rdtype, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as failed:
            return Reply(451, NO_DNS_ANSWER, f"DNS: no answer for {name} {rdtype} ({type(failed).__name__})")
