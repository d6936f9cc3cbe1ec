"""Looking ahead: what steps will ask is asked for many domains at once; steps find it there.

A step asks one thing after the other and waits for each: from afar that is where the time of a run goes.
"""

import asyncio
from collections.abc import Iterable

from mailflow.observe.eye import Eye
from mailflow.records.answer import Question
from mailflow.records.mx import by_preference
from mailflow.records.spf_count import count_terms

_DOMAINS = 32  # at a time: what a step asks meanwhile must not wait behind thousands of questions


async def look_ahead(eye: Eye, domains: Iterable[str]) -> None:
    """Look up the MX records with their addresses, and the SPF record with all that it leads to."""
    places = asyncio.Semaphore(_DOMAINS)

    async def mail_hosts(domain: str) -> None:
        mx = await eye.lookup(Question(domain, "MX"))
        hosts = [record.exchange for record in by_preference(mx)]
        await asyncio.gather(*(eye.lookup(Question(host, kind)) for host in hosts for kind in ("A", "AAAA")))

    async def one(domain: str) -> None:
        async with places:
            await asyncio.gather(mail_hosts(domain), eye.drive(count_terms(domain)))

    await asyncio.gather(*map(one, domains))
