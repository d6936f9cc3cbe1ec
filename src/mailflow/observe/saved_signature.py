"""The DKIM signatures of a message that was saved: by its octets, and where these are others, as its receiver wrote.

Whoever saves a message may change it: a mail program writes it anew, a filter marks the subject. So what does not
verify by the octets alone proves nothing, unless the receiver came to the same result.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from mailflow.mail.header import Fields
from mailflow.mail.received import header_fields
from mailflow.observe.eye import Eye
from mailflow.observe.path import MailPath, Place
from mailflow.observe.signature import Signature, Verified, check

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"dkim\s*=\s*([a-z]+)\b", re.IGNORECASE)
_DOMAIN = re.compile(r"\bheader\.(?:d=|i=[^\s;@]*@)([a-z0-9._-]+)", re.IGNORECASE)
_LONGEST = 4096  # characters of one field that are looked at


async def with_signatures(one: MailPath, content: bytes, eye: Eye) -> MailPath:
    """Give the path of a saved message with its signatures, at the host that got it across the border."""
    crossings = [
        number
        for number, (before, after) in enumerate(zip(one.hops, one.hops[1:], strict=False), 1)
        if (before.place is Place.INTERNET) != (after.place is Place.INTERNET)
    ]
    if not crossings:
        return one
    at = crossings[-1]  # what stands in the mailbox is nearest to what the last of them got
    arriving = one.hops[at].place is not Place.INTERNET  # mail of a third party: the header below is a stranger's
    checked = await eye.drive(check(content))
    fields = header_fields(content)
    believed = _above(fields, len(one.trace)) if arriving else fields
    said = tuple(results(believed))
    found = tuple(_judged(each, {result for name, result in said if name == each.domain}) for each in checked)
    return replace(one, hops=(*one.hops[:at], replace(one.hops[at], signatures=found), *one.hops[at + 1 :]))


def results(fields: Fields) -> Iterable[tuple[str, str]]:
    """Read the DKIM results in Authentication-Results fields (RFC 8601): domain and result, in lower case."""
    for name, body in fields:
        if name.lower() != "authentication-results":
            continue
        for part in _COMMENT.sub(" ", body[:_LONGEST]).split(";"):
            result, domain = _RESULT.match(part.strip()), _DOMAIN.search(part)
            if result and domain:
                yield domain[1].lower(), result[1].lower()


def _above(fields: Fields, received: int) -> Fields:
    """Give the fields above the Received field with this number: whoever wrote that and all above it is believed."""
    places = [number for number, (name, _) in enumerate(fields) if name.lower() == "received"]
    return fields[: places[received - 1]] if 0 < received <= len(places) else ()


def _judged(one: Signature, said: set[str]) -> Signature:
    """Decide what a signature is that does not verify by the octets of the file."""
    if not one.changed or said == {"fail"}:
        return one
    if "pass" in said:
        return replace(one, verified=Verified.PASS, why="as the receiver wrote; the file was changed", changed=False)
    why = f"{one.why} in the file; whether before it was saved, no field of the receiver says"
    return replace(one, verified=Verified.UNKNOWN, why=why)
