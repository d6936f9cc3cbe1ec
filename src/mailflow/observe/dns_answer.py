"""From a DNS message to the values of an answer. Nothing in it is trusted, and nothing in it is thrown away unsaid."""

from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.NS
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA

from mailflow.records.answer import Answer, MxRecord, Outcome, Question, Value

_LINES = 200  # records of one answer that are kept as evidence
_CHARACTERS = 2000  # of one record

_FAILURES = {
    dns.rcode.SERVFAIL: (Outcome.SERVFAIL, ""),
    dns.rcode.REFUSED: (Outcome.REFUSED, ": it knows nothing of this name, or nothing for us"),
    dns.rcode.NOTAUTH: (Outcome.LAME, ""),
}


def read(question: Question, wire: bytes, server: str, how: str, *, authoritative: bool = False) -> Answer:
    """Read a reply to a question; its id and question were compared before.

    `server`: who sent it; `how`: the same with the way it came, for the words of a failure; `authoritative`: only an
    answer with authority counts.
    """
    try:
        message = dns.message.from_wire(_to_the_point(wire), ignore_trailing=True)
        if not isinstance(message, dns.message.QueryMessage):
            raise dns.message.NotQueryResponse
        rcode = message.rcode()
        if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            outcome, meaning = _FAILURES.get(rcode, (Outcome.UNUSABLE, ""))
            words = f"{dns.rcode.to_text(rcode)} from {how}{meaning}"
            return Answer(question, outcome, aliases=_aliases(message), server=server, text=(words,))
        lame = _lameness(message, authoritative=authoritative)
        if lame:
            return Answer(question, Outcome.LAME, server=server, text=(f"{how} {lame}",))
        return _read(question, message, server)
    except dns.message.ChainTooLong:
        words = f"no usable answer from {how}: its aliases go round in a circle, or on without end"
    except (dns.exception.DNSException, ValueError) as wrong:
        words = f"no usable answer from {how}: {wrong}"
    return Answer(question, Outcome.UNUSABLE, server=server, text=(words,))


def _to_the_point(wire: bytes) -> bytes:
    """Leave out what follows an answer: reading it costs as much again, and nobody looks at it.

    Where there is no answer, it says why: an SOA or a referral, an extended code (RFC 6891 section 6.1.3).
    """
    return wire[:8] + bytes(4) + wire[12:] if wire[6:8] != b"\0\0" else wire  # NSCOUNT, ARCOUNT; ANCOUNT


def _read(question: Question, message: dns.message.QueryMessage, server: str) -> Answer:
    chain = message.resolve_chaining()
    aliases = tuple(to_name(rrset[0].target) for rrset in chain.cnames)
    authentic = bool(message.flags & dns.flags.AD)
    if chain.answer is None:
        absent, words = Outcome.NO_DATA, f"no {question.type} record"
        if message.rcode() == dns.rcode.NXDOMAIN:
            absent, words = Outcome.NXDOMAIN, "NXDOMAIN: the name does not exist"
        return Answer(question, absent, aliases=aliases, server=server, text=(words,), authentic=authentic)
    # RFC 2181 section 5: they are a set, and servers turn them round.
    records = sorted(((value(record), record.to_text()) for record in chain.answer), key=_in_order)
    start = f"{chain.canonical_name} {question.type} "
    return Answer(
        question,
        Outcome.FOUND,
        tuple(held for held, _ in records),
        ttl=chain.answer.ttl,
        aliases=aliases,
        server=server,
        text=tuple(_line(start + text) for _, text in records[:_LINES]),
        authentic=authentic,
    )


def _in_order(record: tuple[Value, str]) -> tuple[int, str]:
    held, text = record
    return (0 if isinstance(held, str) else held.preference if isinstance(held, MxRecord) else int(held)), text


def _lameness(message: dns.message.QueryMessage, *, authoritative: bool) -> str:
    """Say in which way a server that should know does not; empty where it does."""
    kinds = {rrset.rdtype for rrset in message.authority}
    with_authority = bool(message.flags & dns.flags.AA)
    # RFC 2308 section 2.2: NS records without an SOA are a referral, not the news that there is no such record.
    if not message.answer and not with_authority and dns.rdatatype.NS in kinds and dns.rdatatype.SOA not in kinds:
        to = ", ".join(
            sorted(to_name(one.target) for r in message.authority if r.rdtype == dns.rdatatype.NS for one in r)
        )
        return f"does not know and refers to {_line(to)}"
    if authoritative and not with_authority:  # RFC 1035 section 4.1.1
        return "answers without authority (no AA bit)"
    return ""


def _aliases(message: dns.message.QueryMessage) -> tuple[str, ...]:
    try:
        chain = message.resolve_chaining()
    except dns.exception.DNSException:  # an error's reply need not make sense beyond its code
        return ()
    return tuple(to_name(rrset[0].target) for rrset in chain.cnames)


def value(record: dns.rdata.Rdata) -> Value:
    """Give a record as the values of answers are."""
    if isinstance(record, dns.rdtypes.ANY.MX.MX):
        return MxRecord(record.preference, to_name(record.exchange) or ".")
    if isinstance(record, (dns.rdtypes.IN.A.A, dns.rdtypes.IN.AAAA.AAAA)):
        return ip_address(record.address)
    if isinstance(record, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(record.strings).decode("utf-8", "backslashreplace")
    if isinstance(record, (dns.rdtypes.ANY.CNAME.CNAME, dns.rdtypes.ANY.PTR.PTR, dns.rdtypes.ANY.NS.NS)):
        return to_name(record.target)
    return record.to_text()


def to_name(name: dns.name.Name) -> str:
    """Write a name as answers have it: lower case, A-labels, no dot at the end."""
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def _line(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
