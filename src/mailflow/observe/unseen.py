"""Messages of which nothing was seen, as paths: a judge then says not verified, with the reason."""

from collections.abc import Mapping

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind, messages
from mailflow.observe.path import Disposition, MailPath


def unseen(environment: Environment, domain: Domain, why: str) -> Mapping[Kind, tuple[MailPath, ...]]:
    """Give a path for every message of every kind, of which nothing was seen; `why` in a sentence."""
    return {
        kind: tuple(
            MailPath(message, recipient, Disposition.UNSEEN, (), assumptions=(why,))
            for message in messages(environment, domain, kind)
            for recipient in message.envelope.rcpt_to
        )
        for kind in Kind
    }
