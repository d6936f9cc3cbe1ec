"""Whatever a server sends, and wherever it stops, a visit ends with a value, within its deadlines."""

import asyncio
import ssl
from ipaddress import ip_address

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope
from mailflow.observe.dialogue import Ending
from mailflow.observe.smtp import TlsSession, visit
from tests.observe.smtp_server import Peer, serving

ENVELOPES = [
    Envelope(None, (Address("kate", "contoso.com"), Address("nobody", "contoso.com"))),
    Envelope(Address("somebody", "stranger.example"), (Address("kate", "contoso.com"),)),
]
LINES = [
    *(b"220 mail.example\r\n", b"250-mail.example\r\n", b"250 STARTTLS\r\n", b"250 ok\r\n", b"250\n", b"250-\r\n"),
    *(b"354 go on\r\n", b"421 4.3.2 bye\r\n", b"450 4.2.0 later\r\n", b"550 5.7.1 no\r\n", b"554-no\r\n", b"999 x\r\n"),
    *(b"\xff\xfe\x00\r\n", b"\r\n", b"220", b"250 XXXXXXXA\r\n", b"25\r\n", b"\x16\x03\x01\x00\x05hello"),
]
# What is said before each command that is heard: pieces of SMTP in any order, or any octets at all.
SAID = st.lists(
    st.one_of(st.lists(st.sampled_from(LINES), max_size=4).map(b"".join), st.binary(max_size=80)), max_size=12
)


def visited(said: list[bytes]) -> TlsSession:
    async def script(peer: Peer) -> None:
        for piece in said:
            peer.writer.write(piece)
            await peer.writer.drain()
            await peer.reader.read(1000)
        # and hang up

    async def scene() -> TlsSession:
        context = ssl.create_default_context()
        context.check_hostname = False
        async with serving(script) as endpoint, asyncio.timeout(20):
            limits = {"reply_s": 0.05, "session_s": 0.3}
            return await visit(ip_address("192.0.2.25"), endpoint, context, "looker.example", ENVELOPES, **limits)

    return asyncio.run(scene())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=SAID)
def test_a_visit_always_ends_with_a_value(said: list[bytes]) -> None:
    seen = visited(said)
    assert bool(seen.trouble) == (seen.ending is not Ending.PARTED)
    assert seen.reached or not (seen.heard or seen.starttls or seen.offered)
    assert not (seen.refusal and seen.ending is not Ending.TURNED_AWAY and not seen.starttls)
    for offered in seen.offered:
        assert 1 <= len(offered.replies) <= len(offered.envelope.rcpt_to)
        assert all(200 <= reply.code < 600 for reply in offered.replies)
    # Never more than was planned, and never a message.
    said_by_us = [line.split()[1] for line in seen.dialogue if line.startswith("C: ")]
    assert set(said_by_us) <= {"EHLO", "STARTTLS", "MAIL", "RCPT", "RSET", "QUIT"}
    assert said_by_us.count("MAIL") <= 2 * len(ENVELOPES)
    assert said_by_us.count("RCPT") <= 2 * 3
