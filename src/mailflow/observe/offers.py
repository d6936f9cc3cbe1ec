"""What a session that stopped before DATA shows of a message: a refusal, or nothing, and then why.

Only a 5xx that speaks of the message is a refusal. Everything else leaves it open, each in words of its own.
"""

import re

from mailflow.environment.environment import Environment
from mailflow.environment.message import Kind
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.mail.reply import Reply
from mailflow.observe.contacts import Ask
from mailflow.observe.dialogue import Ending
from mailflow.observe.path import Disposition, Hop, MailPath, Place
from mailflow.observe.smtp import TlsSession

_NO_PROOF = "250 at RCPT proves nothing about what comes after DATA"
_LATER = "putting off is no refusal: greylisting lets the next try pass; run again after a quarter of an hour"
_LEFT_OPEN = {
    **dict.fromkeys((Ending.NO_CONNECTION, Ending.SILENT, Ending.TARPIT), "a timeout alone proves no lock"),
    Ending.BUSY: "whether to strangers only, or for a while, it does not show",
    Ending.PUT_OFF: _LATER,
    Ending.NOT_LISTENING: "whether to strangers only, or because nobody listens, it does not show",
}

# Replies about whoever looks, or about the names it gives, and not about the message (RFC 3463 section 3.2, RFC
# 7372, RFC 7505): another stranger would have got another.
_SENDERS = {
    "1.7": "it does not like the form of the sender's address",
    "1.8": "the sender's domain does not exist for it: look as a name that the DNS knows",
    "7.25": "the address from which this run looks has no matching reverse name",
    "7.27": "the sender's domain declares that it takes no mail",
    "1.2": "the recipient's domain does not exist for it: look as a name that the DNS knows",
}
_SPF = ("7.23", "7.24", "7.26")  # RFC 7372: SPF, or it and more, fails
_BANNED = range(606, 650)  # 5.7.606 to 5.7.649: "Access denied, banned sending IP" (Exchange Online)
_LISTED = re.compile(r"blocked using|block ?list|black ?list|spamhaus|barracuda|dnsbl|banned sending ip", re.IGNORECASE)
# RFC 5321 section 4.2.2 and RFC 3207 section 4: of the command, the session or a passing limit, not of the mailbox.
_COMMAND = {
    **dict.fromkeys((500, 501, 502, 503, 504, 555), "it did not understand the command"),
    **dict.fromkeys((530, 534, 535, 538), "it wants TLS or a login first"),
    552: "it has no room now (RFC 5321 section 4.5.3.1.10)",
}


def path(environment: Environment, ask: Ask, host: str, session: TlsSession, no_stranger: str) -> MailPath:
    """Make a path of what one host said, at one address, of one message.

    `no_stranger`: why from here nothing is seen that a stranger would see; empty: it is.
    """
    recipient = ask.message.envelope.rcpt_to[0]
    reply = session.reply(ask.envelope, recipient) or session.refusal
    # What is so for the whole run names no host: in a row about several it is said once.
    why = no_stranger or session.from_here
    sender = ask.message.envelope.mail_from
    forged = sender is not None and sender.domain in environment.domain_names
    if not why and (said := _open(ask, session, reply, forged=forged)):
        why = f"{host} [{session.address}]: {said}"
    submitted = Hop(ask.message.submitted_at, Place.INTERNET, sender)
    return MailPath(
        ask.message,
        recipient,
        Disposition.UNSEEN if why else Disposition.REFUSED,
        (submitted,),
        reply,
        ended_by=f"{host} [{session.address}]",
        ended_at=None if why else _place(environment, host),
        why="" if why else "said in a session that stopped before DATA",
        assumptions=(why,) if why else (),
        dialogue=session.about(ask.envelope),
        source=f"{host} [{session.address}]",
    )


def unasked(ask: Ask, why: str) -> MailPath:
    """Make the path of a message about which somebody could not be asked: nobody knows the address."""
    recipient = ask.message.envelope.rcpt_to[0]
    return MailPath(ask.message, recipient, Disposition.UNSEEN, (), assumptions=(why,), source="DNS")


def kept(ask: Ask) -> MailPath:
    """Make the path of a message to a domain with a null MX: its sender asks nobody and returns it (RFC 7505)."""
    recipient = ask.message.envelope.rcpt_to[0]
    submitted = Hop(ask.message.submitted_at, Place.INTERNET, ask.message.envelope.mail_from)
    reply = Reply(556, "5.1.10", f"{recipient.domain} does not accept mail (null MX)")
    return MailPath(
        ask.message,
        recipient,
        Disposition.RETURNED,
        (submitted,),
        reply,
        ended_by=ask.message.submitted_at,
        ended_at=Place.INTERNET,
        why="what every sender does that knows RFC 7505; no server was asked",
        source="DNS",
    )


def _place(environment: Environment, host: str) -> Place:
    if is_microsoft_host(host):
        return Place.MICROSOFT_365
    if any(server.name == host for server in environment.filter_servers):
        return Place.FILTER
    own = any(server.name == host for server in environment.on_premises.servers)
    return Place.ON_PREMISES if own else Place.INTERNET


def _open(ask: Ask, session: TlsSession, reply: Reply | None, *, forged: bool) -> str:
    """Tell why what was said leaves it open whether the message is refused; empty: it is refused.

    `forged`: the sender claims to be of the organization, which SPF may be there to refuse.
    """
    if reply is None:
        return "; ".join(filter(None, (session.trouble or "it was not asked", _LEFT_OPEN.get(session.ending))))
    if reply.accepted:
        return f"{reply}: {_NO_PROOF}"
    if reply.transient:
        return f"{reply}: {'it closed the session; ' if reply.code == 421 else ''}{_LATER}"
    if about := about_us(reply, forged=forged):
        return f"{reply}: no refusal of the message, {about}"
    if ask.message.kind is Kind.INTERNET_TO_UNKNOWN and _refuses_all(ask, session, reply):
        return f"{reply}: no refusal of an unknown recipient, a known one got the same reply"
    return ""


def about_us(reply: Reply, *, forged: bool) -> str:
    """Say why a refusal is about whoever looks and not about the message; empty: it is about the message.

    `forged`: the sender that was offered is the organization's own, which a stranger forges.
    """
    if reply.code in _COMMAND:
        return _COMMAND[reply.code]
    _, _, detail = reply.enhanced.partition(".")
    if detail in _SENDERS:
        return _SENDERS[detail]
    if detail in _SPF and not forged:
        return "the SPF record of the name under which this run looks does not allow its address"
    subject, _, number = detail.partition(".")
    if _LISTED.search(reply.text) or (subject == "7" and number.isdigit() and int(number) in _BANNED):
        return "the address from which this run looks is on a block list"
    return ""


def _refuses_all(ask: Ask, session: TlsSession, reply: Reply) -> bool:
    recipient = ask.message.envelope.rcpt_to[0]
    others = [session.reply(ask.envelope, other) for other in ask.envelope.rcpt_to if other != recipient]
    said = [(other.code, other.enhanced) for other in others if other]
    return session.refusal is not None or (reply.code, reply.enhanced) in said
