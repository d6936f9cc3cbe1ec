"""One SMTP session, spoken line by line. The whole dialogue with its times is evidence.

Whatever the other side does, it ends: in one of the ways of `Ending`, told in a sentence, within a deadline.
"""

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from mailflow.mail.reply import Reply

Clock = Callable[[], float]

_LINE = 2048  # octets of one reply line that are read (RFC 5321 section 4.5.3.1.5 asks for 512)
_LINES = 100  # lines of one reply
PARTING_S = 1.0  # for the other side to close too
_TEXT = 500  # characters of a reply that are kept as its text; the dialogue has all of it
_REPLY_LINE = re.compile(r"[2-5][0-5][0-9]([ -].*)?", re.ASCII)  # RFC 5321 section 4.2
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)", re.ASCII)  # RFC 3463 section 2


class Ending(StrEnum):
    """How a session ended; a fetch over HTTPS knows some of these ways too."""

    PARTED = "QUIT"
    NOT_OPENED = "not opened"  # by us: there is no way out from here, or the run has knocked often enough
    UNREACHABLE = "unreachable"  # no route, no such network, no address of this family here
    NOT_LISTENING = "connection refused"  # TCP reset in answer to the first packet
    NO_CONNECTION = "no connection"  # nothing came back: a firewall that drops, or nobody at all
    SILENT = "silence"  # connected, and no reply
    TARPIT = "tarpit"  # replies that drip in, or one after the other as late as possible
    GARBAGE = "no SMTP"  # nor HTTP, where that is spoken
    ENDLESS = "endless reply"  # a line or a reply longer than any server's
    BROKEN_OFF = "broken off"
    BUSY = "421"  # RFC 5321 section 3.8: the service is not available and closes
    TURNED_AWAY = "turned away"  # 5xx in place of the greeting (RFC 5321 section 3.1), 55x to EHLO
    PUT_OFF = "put off"  # 4xx in place of the greeting or to EHLO
    SAID_NO = "command refused"  # any other reply than the one that leads on
    NO_TLS = "TLS failed"  # a handshake that the other side, or ours, gave up


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an address answers, and what has to be said before the greeting (a PROXY header in a simulation)."""

    host: str
    port: int
    preamble: bytes = b""


class EndedError(Exception):
    """The session is over: how, in which words, and by which reply where there was one."""

    def __init__(self, ending: Ending, words: str, reply: Reply | None = None) -> None:
        super().__init__(words)
        self.ending = ending
        self.reply = reply


@asynccontextmanager
async def within(seconds: float, ending: Ending, words: str) -> AsyncIterator[None]:
    """Give what is done inside so many seconds, and no more.

    Raises:
        EndedError: they were not enough.

    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise EndedError(ending, words) from late


async def connect(endpoint: Endpoint, seconds: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to where an address answers, and say what has to be said first.

    Raises:
        EndedError: no connection within so many seconds.

    """
    async with within(seconds, Ending.NO_CONNECTION, f"no connection within {seconds:g} s"):
        try:
            reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        except ConnectionRefusedError as refused:
            raise EndedError(Ending.NOT_LISTENING, "connection refused") from refused
        except OSError as wrong:  # TimeoutError is one of them: the system may give up before we do
            if isinstance(wrong, TimeoutError):
                raise
            why = os.strerror(wrong.errno) if wrong.errno else str(wrong)
            raise EndedError(Ending.UNREACHABLE, f"it cannot be reached from here: {why}") from wrong
    writer.write(endpoint.preamble)
    return reader, writer


class Dialogue:
    """What is said in one session. Where it ends, `open`, `command` and `upgrade` raise `EndedError`.

    A certificate that is not accepted is no ending of the server's: `ssl.SSLCertVerificationError` stays itself.
    """

    def __init__(self, endpoint: Endpoint, reply_s: float, clock: Clock | None = None) -> None:
        """Set up whom to talk to.

        `reply_s`: seconds for a connection, for a reply, for a handshake; `clock`: gives seconds, None notes no
        times: those of a simulation tell of this machine, not of mail.
        """
        self._endpoint = endpoint
        self._reply_s = reply_s
        self._clock = clock
        self._began = clock() if clock else 0.0
        self._heard = bytearray()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self.lines: list[str] = []  # `C: ` what was said, `S: ` what came back, `-- ` what happened
        self.times: list[float] = []  # of each line, seconds since the session began; empty without a clock

    def say(self, line: str) -> None:
        """Write down a line of the dialogue."""
        self.lines.append(line)
        if self._clock:
            self.times.append(round(self._clock() - self._began, 3))

    @property
    def local(self) -> str:
        """The address at our end of the connection; empty where there is none."""
        name = self._writer.get_extra_info("sockname") if self._writer else None
        return str(name[0]) if name else ""

    async def open(self) -> Reply:
        """Connect and hear the greeting."""
        self._reader, self._writer = await connect(self._endpoint, self._reply_s)
        return read_reply(await self._reply())

    async def command(self, line: str) -> list[str]:
        """Say one command and hear the lines of the reply, with their codes."""
        self.say(f"C: {line}")
        if self._writer is None:
            raise EndedError(Ending.BROKEN_OFF, "there is no connection")
        self._writer.write(line.encode("ascii") + b"\r\n")
        return await self._reply()

    async def upgrade(self, context: ssl.SSLContext) -> ssl.SSLObject:
        """Begin TLS (RFC 3207): what came in plain before it is forgotten."""
        if self._writer is None:
            raise EndedError(Ending.BROKEN_OFF, "there is no connection")
        reply_s = self._reply_s
        self._heard.clear()
        async with within(reply_s, Ending.SILENT, f"no TLS handshake within {reply_s:g} s"):
            try:
                await self._writer.start_tls(context)
            except ssl.SSLCertVerificationError:
                raise
            except OSError as wrong:
                raise broken(wrong, " during the TLS handshake") from wrong
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls

    async def close(self, *, politely: bool) -> None:
        """Let the connection go, by a second at the most; `politely`: say QUIT, without waiting for the reply."""
        if self._writer is None:
            return
        if politely:
            self.say("C: QUIT")
            self._writer.write(b"QUIT\r\n")
            self._writer.close()
        else:
            self._writer.transport.abort()
        try:
            async with asyncio.timeout(PARTING_S):
                await self._writer.wait_closed()
        except OSError:  # a reset or a timeout: nothing that is said now is evidence
            self._writer.transport.abort()

    async def _reply(self) -> list[str]:
        """Read one reply (RFC 5321 section 4.2.1)."""
        lines: list[str] = []
        try:
            async with asyncio.timeout(self._reply_s):
                while len(lines) < _LINES:
                    lines.append(await self._line())
                    if lines[-1][3:4] != "-":
                        break
                else:
                    raise EndedError(Ending.ENDLESS, f"a reply of more than {_LINES} lines")
        except TimeoutError as late:
            if lines or self._heard:
                words = f"a tarpit: a reply that did not end within {self._reply_s:g} s"
                raise EndedError(Ending.TARPIT, words) from late
            raise EndedError(Ending.SILENT, f"silence for {self._reply_s:g} s") from late
        if lines[-1].startswith("421"):
            raise EndedError(Ending.BUSY, f"the server said {lines[-1][:200]}", read_reply(lines))
        return lines

    async def _line(self) -> str:
        while b"\n" not in self._heard and len(self._heard) <= _LINE:
            try:
                more = await self._reader.read(_LINE)
            except OSError as wrong:
                raise broken(wrong) from wrong
            if not more:
                raise EndedError(Ending.BROKEN_OFF, "the server closed the connection")
            self._heard += more
        raw, _, rest = bytes(self._heard).partition(b"\n")
        if len(raw) > _LINE:
            raise EndedError(Ending.ENDLESS, f"a reply line of more than {_LINE} octets")
        self._heard[:] = rest
        line = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        self.say(f"S: {line}")
        if not _REPLY_LINE.fullmatch(line):
            raise EndedError(Ending.GARBAGE, f"no SMTP reply: {line[:80]!r}")
        return line


def broken(wrong: OSError, when: str = "") -> EndedError:
    """Make the error of what the system says of a connection that was there."""
    if isinstance(wrong, ssl.SSLError):
        return EndedError(Ending.NO_TLS, f"no TLS: {wrong.reason or wrong}")
    return EndedError(Ending.BROKEN_OFF, f"the server broke the connection off{when}")


def read_reply(lines: Sequence[str]) -> Reply:
    """Make one reply of its lines: code, enhanced status code where it has one, text."""
    code, texts = int(lines[-1][:3]), [line[4:].strip() for line in lines]
    found = _ENHANCED.match(texts[-1])
    enhanced = found.group() if found else ""
    text = " ".join(text.removeprefix(enhanced).strip() for text in texts)
    return Reply(code, enhanced, text.strip()[:_TEXT])


def timed(lines: Sequence[str], times: Sequence[float]) -> tuple[str, ...]:
    """Write the seconds in front of each line; nothing where none were noted."""
    return tuple(f"{at:5.1f} s  {line}" for at, line in zip(times, lines, strict=True)) if times else tuple(lines)
