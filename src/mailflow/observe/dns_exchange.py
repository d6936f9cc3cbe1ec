"""One question to one server: by UDP, by TCP where the answer was cut short or TCP is asked for. It always ends."""

import asyncio
import secrets
import struct
from functools import cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode

from mailflow.observe.dns_answer import read
from mailflow.observe.dns_port import HEADER, Query, SourcePorts
from mailflow.observe.dns_server import DnsServer
from mailflow.records.answer import Answer, Outcome, Question

_PAYLOAD = 1232  # no fragments: the size that the DNS flag day of 2020 settled on
_TC = 0x02  # in the third octet of the header
_NO_EDNS = (dns.rcode.FORMERR, dns.rcode.NOTIMP)  # what servers say that do not know it, RFC 6891 section 7


class Asking:
    """A question as it is put to servers."""

    def __init__(self, question: Question, name: dns.name.Name, *, recursive: bool) -> None:
        """Prepare the question.

        `name`: what the question's name is to the DNS; `recursive`: to a resolver, which follows aliases and checks
        DNSSEC; else to a server that has to know the answer by itself.
        """
        self.question = question
        self.name = name
        self.recursive = recursive

    def query(self, *, edns: bool) -> Query:
        """Write it down, apart from the id."""
        name = self.name.to_wire() or b""
        before, after = _around_the_name(self.question.type, self.recursive, edns)
        return Query(before + name + after, name + after[:4])

    async def put(self, ports: SourcePorts, server: DnsServer, within_s: float, *, tcp: bool = False) -> Answer:
        """Ask one server. Never raises: what went wrong is the outcome, with the words for it.

        `within_s`: seconds for the answer by UDP, and again for that by TCP.
        """
        how = f"{server} by {'TCP' if tcp else 'UDP'}"
        try:
            query = self.query(edns=True)
            wire = await self._once(ports, server, query, within_s, tcp)
            if wire[3] & 0x0F in _NO_EDNS:
                wire = await self._once(ports, server, self.query(edns=False), within_s, tcp)
            if not tcp and wire[2] & _TC:
                how = f"{server} by TCP (the answer by UDP was cut short)"
                wire = await self._once(ports, server, query, within_s, True)
        except TimeoutError as silence:
            words = f"no answer from {how} within {within_s:g} s{silence}"
            return Answer(self.question, Outcome.TIMEOUT, server=str(server), text=(words,))
        except asyncio.IncompleteReadError:
            words = f"no answer from {how}: the connection ended before the answer did"
            return Answer(self.question, Outcome.UNUSABLE, server=str(server), text=(words,))
        except _NoReplyError as odd:
            words = f"no answer from {how}: {odd}"
            return Answer(self.question, Outcome.UNUSABLE, server=str(server), text=(words,))
        except OSError as wrong:
            words = f"no way to {how}: {wrong.strerror or wrong}"
            return Answer(self.question, Outcome.UNREACHABLE, server=str(server), text=(words,))
        return read(self.question, wire, str(server), how, authoritative=not self.recursive)

    async def _once(self, ports: SourcePorts, server: DnsServer, query: Query, within_s: float, tcp: bool) -> bytes:
        dropped = ""
        try:
            async with asyncio.timeout(within_s):
                if tcp:
                    return await _by_tcp(server, query)
                port = await ports.place(server)
                try:
                    return await port.ask(query)
                finally:
                    dropped = port.dropped
        except TimeoutError:
            raise TimeoutError(dropped) from None


@cache
def _around_the_name(rdtype: str, recursive: bool, edns: bool) -> tuple[bytes, bytes]:
    """Let dnspython write the query for a type once, and give what stands before its name, without the id, and after.

    The name is the only one of the message: nothing in it is compressed, nothing else depends on it.
    """
    message = dns.message.make_query(dns.name.root, rdtype, use_edns=0 if edns else False, payload=_PAYLOAD)
    if recursive:
        message.flags |= dns.flags.AD  # RFC 6840 section 5.7: we understand the AD bit of an answer
    else:
        message.flags &= ~dns.flags.RD
    wire = message.to_wire()
    return wire[2:HEADER], wire[HEADER + 1 :]  # the root is one octet


def to_ask(question: Question, *, recursive: bool) -> Asking | Answer:
    """Prepare a question; where DNS cannot hold its name, give the answer that there is no such name."""
    try:
        # U-labels become A-labels; names in ASCII are taken as they are (RFC 5891 section 5).
        name = dns.name.from_text(question.name, idna_codec=dns.name.IDNA_2008_Practical)
    except dns.name.NoIDNA2008:
        words = "not asked: a name with letters beyond ASCII needs the package idna, which is not installed"
        return Answer(question, Outcome.UNUSABLE, text=(words,))
    except (dns.exception.DNSException, UnicodeError) as wrong:  # an empty label, a label that is too long
        return Answer(question, Outcome.NXDOMAIN, text=(f"no name that DNS can hold: {wrong}",))
    return Asking(question, name, recursive=recursive)


class _NoReplyError(Exception):
    """What came is no reply to what was asked."""


async def _by_tcp(server: DnsServer, query: Query) -> bytes:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    try:
        number = secrets.token_bytes(2)
        length = len(number) + len(query.after_id)
        writer.write(struct.pack("!H", length) + number + query.after_id)  # RFC 7766 section 8: in one segment
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = await reader.readexactly(length)
    finally:
        writer.close()
    if reply[:2] != number or not query.is_answered_by(reply):
        raise _NoReplyError("it has another id, or answers another question")
    return reply
