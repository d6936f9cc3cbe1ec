"""Messages as the first host beyond the border saw them: what SPF, DKIM and DMARC are judged by."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.observe.path import Hop, MailPath, Place
from mailflow.records.answer import Answer, Question
from mailflow.records.spf import Evaluation, check_host

# Messages that strangers send under a forged name are no mail of the organization's.
NOT_OURS = frozenset(kind for kind in Kind if kind.of_a_stranger)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the first host on the other side of the border saw it."""

    path: MailPath
    hop: Hop
    assumed: bool = False  # something had to be taken for granted before it came there

    @property
    def identity(self) -> str:
        """The domain that SPF judges: of the reverse-path, or of EHLO for the null one (RFC 7208 section 2.4)."""
        return self.hop.mail_from.domain if self.hop.mail_from else self.hop.helo

    @property
    def author_domain(self) -> str:
        """The domain of its From field, by which DMARC judges it; empty where that names nobody."""
        author = self.path.message.written_by
        return author.domain if author else ""

    def asking(self) -> Generator[Question, Answer, Evaluation]:
        """Ask what SPF makes of it, as the receiver does."""
        sender = str(self.hop.mail_from or f"postmaster@{self.hop.helo}")
        return check_host(ip_address(self.hop.client), self.identity, sender, self.hop.helo)


def arrivals(paths: Mapping[Kind, Sequence[MailPath]]) -> tuple[Arrival, ...]:
    """Give every message that came out of the organization to a host on the Internet."""
    found = []
    for kind, several in paths.items():
        for path in several if kind not in NOT_OURS else ():
            for before, after in zip(path.hops, path.hops[1:], strict=False):
                # Without the address a path has an assumption that says so.
                if before.place is not Place.INTERNET and after.place is Place.INTERNET and after.client:
                    found.append(Arrival(path, after, bool(path.assumptions)))
    return tuple(found)


def entries(paths: Sequence[MailPath]) -> tuple[Arrival, ...]:
    """Give messages of third parties as the organization's own first host saw them: it is their receiver here."""
    return tuple(
        Arrival(path, path.hops[1], path.hops[1].assumed)  # what comes later does not change what that host saw
        for path in paths
        if len(path.hops) > 1 and path.hops[0].place is Place.INTERNET and path.hops[1].client
    )


def to_the_internet(environment: Environment, domain: Domain, paths: Iterable[MailPath]) -> tuple[MailPath, ...]:
    """Give the messages whose author is in the domain and whose recipient is outside, whatever became of them."""
    own = {each.name for each in environment.domains}
    return tuple(
        path
        for path in paths
        if path.message.kind not in NOT_OURS
        and (author := path.message.written_by)
        and author.domain == domain.name
        and path.recipient.domain not in own
    )
