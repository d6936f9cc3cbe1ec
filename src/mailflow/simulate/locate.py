"""Locating the target host (RFC 5321 section 5.1), as a simulated MTA does it: by the simulated DNS."""

import asyncio
from collections.abc import Coroutine, Sequence
from ipaddress import ip_address
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from mailflow.mail.reply import Reply
from mailflow.simulate.transfer import Target, literal

_LIFETIME_S = 5.0


class Locator:
    """Finds smart hosts and mail exchangers. Nothing is asked twice."""

    def __init__(self, port: int) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
        self._resolver.lifetime = _LIFETIME_S
        self._found: dict[tuple[str, ...], asyncio.Task[Sequence[Target] | Reply]] = {}

    async def targets(self, smart_hosts: Sequence[str], domain: str) -> Sequence[Target] | Reply:
        """Give the hosts for a next hop in the order of trying, or the reply where there is none."""
        if smart_hosts:
            return await self._once(("hosts", *smart_hosts), self._smart_hosts(smart_hosts))
        return await self._once(("mx", domain), self._mail_exchangers(domain))

    async def _once(
        self, key: tuple[str, ...], find: Coroutine[Any, Any, Sequence[Target] | Reply]
    ) -> Sequence[Target] | Reply:
        if key in self._found:
            find.close()
        else:
            self._found[key] = asyncio.get_running_loop().create_task(find)
        return await asyncio.shield(self._found[key])

    async def _smart_hosts(self, hosts: Sequence[str]) -> Sequence[Target] | Reply:
        found = [target for host in hosts for target in await self._addresses(host)]
        return found or Reply(451, "4.4.4", f"DNS: no address for smart host {', '.join(hosts)}")

    async def _mail_exchangers(self, domain: str) -> Sequence[Target] | Reply:
        answer = await self._ask(domain, "MX")
        if isinstance(answer, Reply):
            return answer
        if answer is None:
            # No MX record: the domain's own address counts as one.
            return await self._addresses(domain) or Reply(550, "5.1.2", f"DNS: {domain} has no MX and no address")
        records = sorted(answer, key=lambda record: (record.preference, record.exchange))
        hosts = [record.exchange.to_text(omit_final_dot=True).lower() for record in records]
        if hosts == ["."]:
            return Reply(556, "5.1.10", f"{domain} does not accept mail (null MX)")  # RFC 7505 section 4.2
        found = [target for host in hosts for target in await self._addresses(host)]
        # MX records of which none is usable are an error; the domain's own address is no way round them.
        return found or Reply(451, "4.4.4", f"DNS: no address for {', '.join(hosts)}, the MX of {domain}")

    async def _addresses(self, host: str) -> list[Target]:
        address = literal(host)
        if address:
            return [Target(host, address)]
        answers = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"))
        return [
            Target(host, ip_address(record.address))
            for answer in answers
            if answer and not isinstance(answer, Reply)
            for record in answer
        ]

    async def _ask(self, name: str, rdtype: str) -> Any:
        """Look up: records, None where there are none, a reply where the DNS gave no answer."""
        try:
            return await self._resolver.resolve(name, rdtype, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as failed:
            return Reply(451, "4.4.3", f"DNS: no answer for {name} {rdtype} ({type(failed).__name__})")
