"""Reading one HTTP/1.1 response (RFC 9112), of which nothing is trusted: every length has a limit.

Only what a small text file needs. A response that is none, or ends before its end, is told in words of its own.
"""

import asyncio
import re
from dataclasses import dataclass, field

from mailflow.observe.dialogue import EndedError, Ending

_LINE = 8192  # octets of one line of the head
_HEAD = 100  # lines of the head
_INTERIM = 5  # responses 1xx before the final one (RFC 9110 section 15.2)
_STATUS = re.compile(r"HTTP/1\.[01] (?P<status>[1-5][0-9]{2})(?: .*)?", re.ASCII)
_FIELD = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(?P<value>.*?)[ \t]*")
_CHUNK = re.compile(r"(?P<size>[0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?")
_LENGTH = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass
class Response:
    """What has come of a response so far."""

    lines: list[str] = field(default_factory=list)  # of every head, as they came
    status: int = 0  # 0: no status line has come
    fields: dict[str, list[str]] = field(default_factory=dict)  # by name in lower case
    body: bytes = b""

    def one(self, name: str) -> str:
        """Give the value of a field, several joined (RFC 9110 section 5.2); empty where there is none."""
        return ", ".join(self.fields.get(name, ()))


async def read_head(reader: asyncio.StreamReader, response: Response) -> None:
    """Read up to the end of the head of the final response.

    Raises:
        EndedError: what comes is no such thing.

    """
    for _ in range(_INTERIM):
        first = await _line(reader)
        response.lines.append(first)
        found = _STATUS.fullmatch(first)
        if found is None:
            raise EndedError(Ending.GARBAGE, f"no HTTP response: {first[:80]!r}")
        response.status, response.fields = int(found["status"]), {}
        await _fields(reader, response)
        if response.status >= 200:
            return
    raise EndedError(Ending.ENDLESS, f"{_INTERIM} interim responses, and no final one")


async def _fields(reader: asyncio.StreamReader, response: Response) -> None:
    for _ in range(_HEAD):
        line = await _line(reader)
        if not line:
            return
        response.lines.append(line)
        found = _FIELD.fullmatch(line)
        if found is None:
            raise EndedError(Ending.GARBAGE, f"a line in the head of the response that is no field: {line[:80]!r}")
        response.fields.setdefault(found["name"].lower(), []).append(found["value"])
    raise EndedError(Ending.ENDLESS, f"a head of more than {_HEAD} lines")


async def read_body(reader: asyncio.StreamReader, response: Response, limit: int) -> None:
    """Read the content of a response, of at most so many octets (RFC 9112 section 6.3).

    Raises:
        EndedError: it is longer, ends too early, or its length cannot be told.

    """
    if coding := response.one("content-encoding"):
        raise EndedError(Ending.GARBAGE, f"content in the coding {coding[:40]!r}, for which nobody asked")
    if coding := response.one("transfer-encoding"):
        if coding.lower() != "chunked":
            raise EndedError(Ending.GARBAGE, f"content in the transfer coding {coding[:40]!r}, for which nobody asked")
        await _chunks(reader, response, limit)
    elif lengths := set(response.fields.get("content-length", ())):
        length = lengths.pop()
        if lengths or not _LENGTH.fullmatch(length):
            raise EndedError(Ending.GARBAGE, f"a length of the content that is none: {length[:40]!r}")
        await _octets(reader, response, int(length), limit)
    else:
        while more := await reader.read(limit):
            _take(response, more, limit)


async def _chunks(reader: asyncio.StreamReader, response: Response, limit: int) -> None:
    """Section 7.1. What may follow the last chunk is of no interest."""
    while True:
        line = await _line(reader)
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise EndedError(Ending.GARBAGE, f"chunks that are none: {line[:40]!r} where the length of one must stand")
        size = int(found["size"], 16)
        if size == 0:
            return
        await _octets(reader, response, size, limit)
        if after := await _line(reader):
            raise EndedError(Ending.GARBAGE, f"chunks that are none: {after[:40]!r} after the end of one")


async def _octets(reader: asyncio.StreamReader, response: Response, length: int, limit: int) -> None:
    if len(response.body) + length > limit:
        raise EndedError(Ending.ENDLESS, f"content of more than {limit} octets")
    left = length
    while left:
        more = await reader.read(left)
        if not more:
            raise EndedError(Ending.BROKEN_OFF, "the server closed the connection before the end of the content")
        _take(response, more, limit)
        left -= len(more)


def _take(response: Response, more: bytes, limit: int) -> None:
    response.body += more
    if len(response.body) > limit:
        raise EndedError(Ending.ENDLESS, f"content of more than {limit} octets")


async def _line(reader: asyncio.StreamReader) -> str:
    """Read a line of the head, without its end; a bare LF ends one too (RFC 9112 section 2.2)."""
    try:
        raw = await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as ended:
        raise EndedError(
            Ending.BROKEN_OFF, "the server closed the connection before the end of the response"
        ) from ended
    except asyncio.LimitOverrunError as long:
        raise EndedError(Ending.ENDLESS, f"a line of more than {_LINE} octets") from long
    if len(raw) > _LINE:
        raise EndedError(Ending.ENDLESS, f"a line of more than {_LINE} octets")
    return raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
