"""SMTP servers on loopback that do what a test says, however odd."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from mailflow.observe.dialogue import Endpoint

SILENCE = b"\0"

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.heard: list[bytes] = []

    def say(self, *lines: bytes) -> None:
        self.writer.write(b"".join(line + b"\r\n" for line in lines))

    async def hear(self) -> bytes:
        line = (await self.reader.readline()).rstrip()
        self.heard.append(line)
        return line

    async def greet(self, *extensions: bytes) -> None:
        """220, and EHLO answered with these extensions."""
        self.say(b"220 mail.example ESMTP")
        assert await self.hear() == b"EHLO looker.example"
        lines = [b"mail.example", *extensions]
        self.say(*(b"250-" + line for line in lines[:-1]), b"250 " + lines[-1])

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self.writer.drain()
        await self.writer.start_tls(context)


@asynccontextmanager
async def serving(script: Script, preamble: bytes = b"") -> AsyncIterator[Endpoint]:
    """Serve the script, in every connection anew, while the block lasts."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await script(Peer(reader, writer))
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        try:
            yield Endpoint(*server.sockets[0].getsockname(), preamble)
        finally:
            for task in tuple(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def answering(
    answers: Mapping[bytes, bytes], context: ssl.SSLContext | None = None, heard: list[bytes] | None = None
) -> Script:
    """A server that answers each command by its longest matching beginning; `b""` is the greeting.

    An answer of no octets closes the connection, `SILENCE` holds it. `heard` collects the commands. With a
    context it has TLS.
    """
    usual: dict[bytes, bytes] = {
        b"": b"220 mail.example ESMTP",
        b"EHLO": b"250-mail.example Hello [192.0.2.7]\r\n250 " + (b"STARTTLS" if context else b"SIZE"),
        b"STARTTLS": b"220 go ahead",
        b"MAIL": b"250 2.1.0 sender ok",
        b"RCPT": b"250 2.1.5 recipient ok",
        b"RSET": b"250 2.0.0 reset",
        b"QUIT": b"221 2.0.0 bye",
    } | dict(answers)

    async def script(peer: Peer) -> None:
        peer.say(usual[b""])
        while line := await peer.hear():
            if heard is not None:
                heard.append(line)
            best = max((start for start in usual if start and line.startswith(start)), key=len, default=None)
            answer = usual[best] if best else b"500 5.5.2 what?"
            if answer == SILENCE:
                await peer.reader.read()
            if not answer or answer == SILENCE:
                return
            peer.say(answer)
            if best == b"STARTTLS" and answer.startswith(b"220") and context:
                await peer.start_tls(context)
            if best == b"QUIT" or answer.startswith(b"421"):
                return

    return script
