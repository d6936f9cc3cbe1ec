"""A session lets its connection go at the end, whatever the other side does with it."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Any

import pytest

from mailflow.mail.address import Address
from mailflow.routing.decision import OPPORTUNISTIC
from mailflow.simulate.certificates import Authorities
from mailflow.simulate.simulation import Simulation
from mailflow.simulate.smtp import SmtpServer
from mailflow.simulate.transfer import Handover, Sessions, Target

World = Any  # tests/simulate/conftest.py

CLIENT, SERVER = ip_address("192.0.2.10"), ip_address("192.0.2.20")


def serve(end: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Speak SMTP, over TLS from STARTTLS on, until QUIT; and then do not close."""
    end.sendall(b"220 mail.to.example\r\n")
    while True:
        said = end.recv(1000).upper()
        if said.startswith(b"EHLO"):
            end.sendall(b"250-mail.to.example\r\n250 STARTTLS\r\n")
        elif said.startswith(b"STARTTLS"):
            end.sendall(b"220 Go ahead\r\n")
            end = context.wrap_socket(end, server_side=True)
        elif said.startswith(b"DATA"):
            end.sendall(b"354 Go ahead\r\n")
        elif said.startswith(b"QUIT"):
            end.sendall(b"221 Bye\r\n")
            assert isinstance(end, ssl.SSLSocket)
            return end
        else:
            end.sendall(b"250 2.0.0 Ok\r\n")


def test_a_server_that_does_not_close_keeps_no_connection_open() -> None:
    """Over TLS both sides say that they close (RFC 8446 section 6.1); who waits for a silent one waits for nothing."""
    made = Authorities.make()
    ours, theirs = socket.socketpair()
    message = Handover(
        Address("a", "from.example"),
        (Address("b", "to.example"),),
        b"Subject: one\r\n\r\n",
        "mail.from.example",
        (CLIENT,),
        OPPORTUNISTIC,
        made.client_context(verify=False, shown=None),
    )

    async def hand_over() -> str:
        sessions = Sessions(lambda *_: ours)
        attempt = await sessions.hand_over(message, [Target("mail.to.example", SERVER)])
        await sessions.end()
        return f"{attempt.tls} {attempt.replies[0]}"

    with ThreadPoolExecutor(1) as pool:
        server = pool.submit(serve, theirs, made.server_context(made.issue("mail.to.example")))
        assert asyncio.run(hand_over()) == "TLSv1.3 250 2.0.0 Ok"
        with server.result():
            assert ours.fileno() == -1


def start_tls(port: int, context: ssl.SSLContext) -> smtplib.SMTP:
    """Begin TLS with a server, and then say nothing more."""
    client = smtplib.SMTP("127.0.0.1", port)
    client.starttls(context=context)
    return client


def test_a_client_that_does_not_close_keeps_no_connection_open(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = world()
    mta = made.host("mail.to.example", "192.0.2.20", made.rules(), leaf=made.leaf("mail.to.example"))
    ends: list[Any] = []
    listen = SmtpServer.connection_made
    monkeypatch.setattr(
        SmtpServer, "connection_made", lambda s, end: (ends.append(end.get_extra_info("socket")), listen(s, end))
    )

    async def greet(simulation: Simulation) -> smtplib.SMTP:
        context = simulation.authorities.client_context(verify=False, shown=None)
        return await asyncio.to_thread(start_tls, await simulation.open_port(mta, CLIENT), context)

    client = made.run(greet)
    assert {end.fileno() for end in ends} == {-1}
    client.close()
