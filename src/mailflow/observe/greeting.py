"""What a mail server says first. The session ends there: no EHLO, no sender, no recipient."""

from mailflow.observe.dialogue import Dialogue, EndedError, Endpoint

REPLY_S = 10.0  # RFC 5321 section 4.5.3.2.1 grants five minutes; who wants to know a name does not wait that long


async def greeting(endpoint: Endpoint, reply_s: float = REPLY_S) -> str:
    """Connect, hear the greeting, say QUIT. Never raises: what went wrong is the answer."""
    dialogue = Dialogue(endpoint, reply_s)
    try:
        reply = await dialogue.open()
    except EndedError as ended:
        return f"{ended.ending}: {ended}"
    finally:
        await dialogue.close(politely=True)
    return str(reply)
