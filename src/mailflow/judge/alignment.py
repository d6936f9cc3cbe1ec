"""Judges whether mail of a domain passes DMARC where it arrives: SPF or DKIM, aligned with its author (RFC 9989)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.environment.names_below import devices_of, third_parties_below
from mailflow.exchange.known import export_again
from mailflow.judge import evidence
from mailflow.judge.arrival import Arrival, arrivals, entries, to_the_internet
from mailflow.judge.mend import to_be_seen, unanswered
from mailflow.judge.signature import arrived, unknown, verifies
from mailflow.judge.spf import Drive
from mailflow.mail.address import lineage
from mailflow.observe.path import MailPath
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.records.dmarc import Found, discover, organizational_domain
from mailflow.records.spf import Evaluation, Result

_RELAXED = "r"  # section 4.7: adkim and aspf, where nobody says otherwise


@dataclass(frozen=True, slots=True)
class AlignmentSeen:
    """What was looked up about mail whose author is in a domain."""

    records: Mapping[str, Found]  # by author's domain, the domain and names below it: the record that holds
    arrivals: tuple[tuple[Arrival, Evaluation], ...]
    organizations: Mapping[str, str | None]  # of every domain that a message names; None: a look-up failed
    others: tuple[Arrival, ...]  # what others wrote, and the organization sent on

    def aligned(self, author: str, other: str, tag: str) -> bool | None:
        """Say whether a domain is aligned with the author's by adkim or aspf (section 4.4); None: nobody knows."""
        record = self.records[author].record
        mode = (record.tags.get(tag) if record else None) or _RELAXED
        if author == other or mode.lower() == "s" or not _share_more_than_their_end(author, other):
            return author == other
        mine, theirs = self.organizations[author], self.organizations[other]
        return None if mine is None or theirs is None else mine == theirs


def _share_more_than_their_end(one: str, other: str) -> bool:
    """Say whether two names may have an organizational domain in common: it is a part of both, and no top level."""
    return bool(set(lineage(one)[:-1]) & set(lineage(other)[:-1]))


def look(
    environment: Environment, domain: Domain, paths: Mapping[Kind, Sequence[MailPath]], drive: Drive
) -> AlignmentSeen:
    """Look up what receivers do: the records, what SPF makes of each message, whose domain each name is."""
    everybody = (*arrivals(paths), *entries(paths[Kind.THIRD_PARTY]))
    below = [party.sends_as.domain for party in third_parties_below(environment, domain) if party.sends_as]
    below += [device.sends_as.domain for device in devices_of(environment, domain)]
    authors = list(dict.fromkeys((domain.name, *below)))
    ours = [one for one in everybody if one.author_domain in authors]
    records = dict(zip(authors, drive([discover(author) for author in authors]), strict=True))
    evaluations = drive([one.asking() for one in ours])
    names = list(
        dict.fromkeys(
            (
                *authors,
                *(one.identity for one in ours),
                *(signature.domain for one in ours for signature in one.hop.signatures or ()),
            )
        )
    )
    organizations = dict(zip(names, drive([organizational_domain(name) for name in names]), strict=True))
    others = tuple(one for one in everybody if one.author_domain not in authors)
    return AlignmentSeen(records, tuple(zip(ours, evaluations, strict=True)), organizations, others)


def every_arrival_passes(
    environment: Environment, domain: Domain, paths: Mapping[Kind, Sequence[MailPath]], seen: AlignmentSeen
) -> Finding:
    """Judge whether every message whose author is in the domain passes DMARC where it arrives."""
    asked = f"every message of an author in {domain.name} passes DMARC where it arrives"
    answers = (answer for found in seen.records.values() for answer in found.answers)
    record = tuple(dict.fromkeys(map(evidence.dns, answers)))
    sure = [(one, spf) for one, spf in seen.arrivals if not one.assumed]
    missing = [(one, spf) for one, spf in sure if not _passes(seen, one, spf)]
    failing = [(one, spf) for one, spf in missing if not _unsure(seen, one, spf)]
    notes = _notes(seen)
    if failing:
        told = dict.fromkeys(_told(one, spf) for one, spf in failing)
        return non_compliant(asked, "; ".join(told), *record, *_shown(failing), remedy=_remedy(failing), notes=notes)
    if missing:
        why = "; ".join(dict.fromkeys(reason for one, spf in missing for reason in _unsure(seen, one, spf)))
        return not_verified(asked, why, *record, *_shown(missing), remedy=export_again(why))
    if silent := [found.unanswered for found in seen.records.values() if found.unanswered]:
        why = "; ".join(dict.fromkeys(f"the look-up of {answer.question} failed" for answer in silent))
        return not_verified(asked, why, *record, remedy=unanswered(silent))
    every = (path for several in paths.values() for path in several)
    seen_coming_in = [one.path for one, _ in sure]
    of_third_parties = [path for path in paths[Kind.THIRD_PARTY] if path not in seen_coming_in]
    sent = to_the_internet(environment, domain, every)
    expected = (*sent, *of_third_parties)
    if open_ := [path for path in expected if path.assumptions]:
        why = "; ".join(dict.fromkeys(assumption for path in open_ for assumption in path.assumptions))
        return not_verified(asked, why, *record, *map(evidence.path, open_), remedy=to_be_seen(open_, why))
    if not any(one.path in sent for one, _ in sure) and (sent or not sure):  # that of third parties is not all of it
        return not_verified(asked, "no message of the domain left the organization", *record)
    kinds = ", ".join(dict.fromkeys(str(one.path.message.kind) for one, _ in sure))
    said = f"so did every one that arrived ({len(sure)}): {kinds}"
    if any(found.record is None for found in seen.records.values()):
        said += "; no single record holds, so that receivers do not ask: judged as relaxed"
    return compliant(asked, said, *record, *_shown(sure), notes=notes)


def _passes(seen: AlignmentSeen, arrival: Arrival, spf: Evaluation) -> bool:
    """One of both is enough (section 5.3)."""
    author = arrival.author_domain
    if spf.result is Result.PASS and seen.aligned(author, arrival.identity, "aspf"):
        return True
    return verifies(arrival, [name for name in seen.organizations if seen.aligned(author, name, "adkim")])


def _unsure(seen: AlignmentSeen, arrival: Arrival, spf: Evaluation) -> tuple[str, ...]:
    """Tell why nobody knows whether a message passes that was not seen to pass; empty where it does not."""
    author = arrival.author_domain
    found = list(
        unknown(arrival, [name for name in seen.organizations if seen.aligned(author, name, "adkim") is not False])
    )
    related = seen.aligned(author, arrival.identity, "aspf")
    if spf.result is Result.TEMPERROR and related is not False:
        found.append(spf.reason)
    if spf.result is Result.PASS and related is None:
        found.append(f"a look-up failed that tells whose domain {arrival.identity} is")
    return tuple(found)


def _told(arrival: Arrival, spf: Evaluation) -> str:
    signatures = "; ".join(map(str, arrival.hop.signatures or ())) or "no DKIM signature"
    return (
        f"{arrival.path.message.kind}, from {arrival.hop.client}: SPF of {arrival.identity} {spf.result}; {signatures}"
    )


def _shown(judged: Sequence[tuple[Arrival, Evaluation]]) -> tuple[Evidence, ...]:
    return tuple(
        item
        for one, spf in judged
        for item in (arrived(one), evidence.evaluation(spf, f"SPF of {one.identity} for {one.hop.client}"))
    )


def _notes(seen: AlignmentSeen) -> tuple[str, ...]:
    """Name what others wrote and the organization sent on: no record of its own can change what becomes of that."""
    return tuple(
        dict.fromkeys(
            f"{one.path.message.kind}: whether it passes DMARC, {one.author_domain} alone can say by its signature"
            for one in seen.others
            if one.author_domain
        )
    )


def _remedy(failing: Sequence[tuple[Arrival, Evaluation]]) -> str:
    return "\n".join(
        f"Let each of these sign as {author}: Microsoft 365 by Set-DkimSigningConfig, others with a key of their "
        f"own at <selector>._domainkey.{author}\n"
        f"Or let it send with a reverse-path in {author}, from an address that the SPF record lists"
        for author in dict.fromkeys(one.author_domain for one, _ in failing)
    )
