"""The contenders. Each gets its domains and a port, says how many seconds it took, and proves that it saw them all."""

import asyncio
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from served import names, questions

ROOT = Path(__file__).parents[2]
AT_ONCE = 64  # as many as Mailflow's eye
_WHOLE_S = 600.0


def checkdmarc_same(domains: list[str], port: int) -> float:
    """Time checkdmarc's own functions for what Mailflow judges too: MX with addresses, SPF with includes."""
    from checkdmarc.spf import check_spf
    from checkdmarc.utils import get_a_records, get_mx_record_set

    resolver = _resolver(port)
    start = time.perf_counter()
    for name in domains:
        hosts = get_mx_record_set(name, resolver=resolver)["hosts"]
        addresses = [get_a_records(host["hostname"], resolver=resolver) for host in hosts]
        spf = check_spf(name, resolver=resolver)
        _expect(len(hosts) == 2 and all(map(len, addresses)) and spf["valid"] and spf["dns_lookups"] == 3, name, spf)
    return time.perf_counter() - start


def checkdmarc_whole(domains: list[str], port: int) -> float:
    """Time what checkdmarc offers for MX and SPF: also DNSSEC, TLSA, PTR and aliases of every host, without SMTP."""
    import dns.nameserver
    from checkdmarc.smtp import check_mx
    from checkdmarc.spf import check_spf

    servers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    start = time.perf_counter()
    for name in domains:
        mx = check_mx(name, nameservers=servers)
        spf = check_spf(name, nameservers=servers)
        _expect(len(mx["hosts"]) == 2 and spf["valid"] and spf["dns_lookups"] == 3, name, mx)
    return time.perf_counter() - start


def bare(domains: list[str], port: int) -> float:
    """Time asynchronous look-ups of dnspython: the questions are known beforehand, nothing is judged."""
    import dns.asyncresolver
    import dns.resolver

    async def scene() -> float:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        places = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, kind: str) -> bool:
            async with places:
                try:
                    return bool(await resolver.resolve(name, kind, search=False))
                except dns.resolver.NoAnswer:
                    return False

        start = time.perf_counter()
        found = await asyncio.gather(*(one(*asked) for asked in _once(domains)))
        took = time.perf_counter() - start
        _expect(sum(found) == len(domains) * 6 + 1, "bare", sum(found))
        return took

    return asyncio.run(scene())


def eye(domains: list[str], port: int) -> float:
    """Time the same questions, put to Mailflow's eye."""
    from mailflow.observe.dns import DnsEye
    from mailflow.records.answer import Question

    async def scene() -> float:
        looking = DnsEye([("127.0.0.1", port)])
        start = time.perf_counter()
        found = await asyncio.gather(*(looking.lookup(Question(*asked)) for asked in _once(domains)))
        took = time.perf_counter() - start
        _expect(sum(bool(one.values) for one in found) == len(domains) * 6 + 1, "eye", len(found))
        return took

    return asyncio.run(scene())


def mailflow(domains: list[str], port: int) -> float:
    """Time what a run does with its domains: it looks ahead, then the judges of MX and SPF ask through the door."""
    from mailflow.environment.environment import Domain, Stage
    from mailflow.environment.load import load
    from mailflow.event_loop import EventLoopThread
    from mailflow.judge import mx, spf
    from mailflow.observe.dns import DnsEye
    from mailflow.observe.door import Door
    from mailflow.policy.finding import Verdict

    planned = load(ROOT / "fixtures" / "scenario-4")
    server = planned.on_premises.servers[0]
    _expect(str(server.listens[0]) == "131.107.21.231", "the plan", server)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with EventLoopThread() as loop:
        looking = DnsEye([("127.0.0.1", port)])
        nothing: Any = None  # no message is sent and no policy fetched
        door = Door(
            planned, "live", Stage.AFTER, loop, looking, nothing, lambda _: None, context, "", lambda: None, nothing
        )
        worlds = []
        for name in domains:
            own = replace(
                planned.on_premises, servers=(replace(server, name=f"mail.{name}", listens=server.listens[:1]),)
            )
            worlds.append((replace(planned, on_premises=own), Domain(name, 4, (f"mail.{name}",))))
        start = time.perf_counter()
        loop.call(looking.look_ahead(domains), _WHOLE_S)
        for environment, domain in worlds:
            records = door.lookup(domain.name, "MX")
            addresses = mx.addresses_of(records, door.lookups)
            seen = spf.look(environment, domain, door.lookup(domain.name, "TXT"), door.drive)
            findings = [
                mx.names_own_servers(environment, domain, records, addresses),
                mx.names_no_other(domain, records, domain.mx),
                mx.has_documented_name(domain, records),
                spf.exactly_one(domain, seen),
                spf.valid(domain, seen),
                spf.within_limits(domain, seen),
                spf.microsoft_365_passes(environment, domain, seen),
                spf.own_servers_pass(domain, seen),
                spf.third_parties_pass(domain, seen),
                spf.stranger_fails(domain, seen),
            ]
            wrong = [one for one in findings if one.verdict in (Verdict.NON_COMPLIANT, Verdict.NOT_VERIFIED)]
            _expect([one.asked for one in wrong] == [findings[1].asked], domain.name, wrong)
        return time.perf_counter() - start


def _once(domains: list[str]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(asked for name in domains for asked in questions(name)))


def _resolver(port: int) -> object:
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port
    return resolver


def _expect(so: bool, what: str, seen: object) -> None:
    if not so:
        raise RuntimeError(f"{what}: seen {seen}")


CONTENDERS: dict[str, Callable[[list[str], int], float]] = {
    "checkdmarc-whole": checkdmarc_whole,
    "checkdmarc": checkdmarc_same,
    "bare": bare,
    "eye": eye,
    "mailflow": mailflow,
}

if __name__ == "__main__":
    who, count, port = sys.argv[1:]
    before = time.process_time()
    seconds = CONTENDERS[who](names(int(count)), int(port))
    sys.stdout.write(f"{seconds} {time.process_time() - before}\n")
