"""Judges transport rules by which mail goes past the filter of Microsoft 365: those that set SCL -1.

Sources: "Sender allowlists", mail flow rules; "Third-party filter", Scenario 1, step 5; "Enhanced Filtering",
procedures. Of the conditions of a rule all have to be met; who meets those that are not read here nobody can say.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import collapse_addresses

from mailflow.environment.environment import Environment, IPAddress
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import Network, TransportRule
from mailflow.judge import evidence
from mailflow.judge.powershell import quoted
from mailflow.policy.finding import Evidence, Finding, compliant, non_compliant, not_verified
from mailflow.routing.transport_rule import enforced

_NOT_FILTERED = -1
_WIDE = 8  # a range with a shorter prefix is open to the world, whoever is meant
_RECIPIENTS = ("SentTo", "SentToMemberOf")
_NAMES = ("SenderDomainIs", "From", "FromMemberOf")
_PARTS_OF_NAMES = ("FromAddressContains", "FromAddressMatches")  # "@" is in every address


class _Meets(Enum):
    """Whether whoever sends from the Internet meets a condition."""

    EVERYBODY = auto()
    SOME = auto()
    UNREAD = auto()


@dataclass(frozen=True)
class Bypass:
    """A rule that is on and sets SCL -1, or may be one."""

    rule: TransportRule
    conditions: tuple[str, ...]  # SenderIpRanges, FromScope …
    exceptions: tuple[str, ...]
    ranges: tuple[Network, ...]  # of the condition SenderIpRanges; empty: there is none
    meets: tuple[_Meets, ...]  # condition by condition
    unknown: tuple[str, ...]  # what the export lacks of it

    @property
    def for_everybody(self) -> bool | None:
        """Whether all Internet mail is let past; None: nobody can say."""
        if _Meets.SOME in self.meets:
            return False
        return None if self.unknown or self.exceptions or _Meets.UNREAD in self.meets else True

    @property
    def by_name_alone(self) -> bool | None:
        """Whether what a sender writes about himself is all that it goes by; None: nobody can say."""
        names = [one for one in self.conditions if one in (*_NAMES, *_PARTS_OF_NAMES)]
        named = zip(self.conditions, self.meets, strict=True)
        others = [one for one, meets in named if one not in (*names, *_RECIPIENTS) and meets is not _Meets.EVERYBODY]
        if others or not (names or self.unknown):
            return False
        return None if self.unknown or self.exceptions else True

    def covers(self, address: IPAddress) -> bool | None:
        """Whether it lets past everything that comes from an address; None: nobody can say."""
        if any(address in network for network in self.ranges):
            others = [m for one, m in zip(self.conditions, self.meets, strict=True) if one != "SenderIpRanges"]
            if all(meets is _Meets.EVERYBODY for meets in others) and not self.exceptions:
                return None if self.unknown else True
            return False if _Meets.SOME in others else None
        return False if self.ranges else self.for_everybody

    def lines(self) -> Iterator[Evidence]:
        """Show what of it was read."""
        rule, owner = self.rule, f"transport rule '{self.rule.name}'"
        for prop, value in (
            ("SetSCL", rule.set_scl),
            ("Conditions", rule.conditions),
            ("Exceptions", rule.exceptions),
            ("SenderIpRanges", rule.sender_ip_ranges),
        ):
            yield evidence.setting(rule.origin, prop, owner, value)

    def __str__(self) -> str:
        what = ", ".join(map(str, self.ranges)) if self.ranges else ", ".join(self.conditions) or "everything"
        return f"'{self.rule.name}' ({what})"


def bypasses(environment: Environment, assume: Assumptions) -> tuple[Bypass, ...]:
    """Find the rules by which mail is not filtered, or by which it may not be."""
    rules = assume.listed(environment.microsoft_365.online.transport_rules)
    return tuple(one for rule in rules if (one := _read(environment, rule)))


def _read(environment: Environment, rule: TransportRule) -> Bypass | None:
    assume = Assumptions()
    does_other = not isinstance(rule.actions, Unknown) and not any(a.endswith("SetSclAction") for a in rule.actions)
    if isinstance(rule.set_scl, Unknown) and does_other:
        return None
    on = assume(rule.enabled, True) and enforced(rule, assume)
    if not on or assume(rule.set_scl, _NOT_FILTERED) != _NOT_FILTERED:
        return None
    conditions = tuple(map(_short, assume.listed(rule.conditions)))
    exceptions = tuple(map(_short, assume.listed(rule.exceptions)))
    meets = tuple(_meets(environment, rule, one, assume) for one in conditions)
    ranges = assume.listed(rule.sender_ip_ranges) if "SenderIpRanges" in conditions else ()
    return Bypass(rule, conditions, exceptions, ranges, meets, assume.made)


def _short(name: str) -> str:
    return name.rpartition(".")[2].removesuffix("Predicate")


def _meets(environment: Environment, rule: TransportRule, condition: str, assume: Assumptions) -> _Meets:
    """Tell who meets one condition; of an unknown value the worst is said, and noted."""
    match condition:
        case "FromScope":
            return _some(assume(rule.from_scope, "NotInOrganization") != "NotInOrganization")
        case "SentToScope":
            return _some(assume(rule.sent_to_scope, "InOrganization") != "InOrganization")
        case "RecipientDomainIs":
            own = environment.domain_names
            return _some(own.isdisjoint(assume(rule.recipient_domain_is, tuple(own))))
        case "SenderIpRanges" if ranges := assume.listed(rule.sender_ip_ranges):
            return _some(all(network.prefixlen >= _WIDE for network in _joined(ranges)))
    return _Meets.SOME if condition in (*_RECIPIENTS, *_NAMES) else _Meets.UNREAD


def _some(restricts: bool) -> _Meets:
    return _Meets.SOME if restricts else _Meets.EVERYBODY


def _joined(ranges: Iterable[Network]) -> Iterator[Network]:
    for version in (4, 6):
        yield from collapse_addresses([one for one in ranges if one.version == version])  # type: ignore[type-var]  # one version at a time


def none_for_everybody(environment: Environment) -> Finding:
    """Judge whether no rule lets past whatever comes from the Internet."""
    asked = "no transport rule lets all Internet mail past the filter of Microsoft 365"
    meant = ",".join(dict.fromkeys(str(a) for server in environment.filter_servers for a in server.sends_from))

    def mend(rule: TransportRule) -> str:
        limit = f"Set-TransportRule {quoted(rule.name)} -SenderIpRanges {meant}"
        return limit if meant else f"Disable-TransportRule {quoted(rule.name)}"

    return _judge(environment, asked, lambda one: one.for_everybody, mend)


def none_by_name_alone(environment: Environment) -> Finding:
    """Judge whether no rule goes by what a sender writes about himself, and nothing else."""
    asked = "no transport rule lets mail past the filter of Microsoft 365 for its sender's name alone"

    def mend(rule: TransportRule) -> str:
        proven = (
            "-HeaderContainsMessageHeader Authentication-Results -HeaderContainsWords dmarc=pass,dmarc=bestguesspass"
        )
        return f"Set-TransportRule {quoted(rule.name)} {proven}"

    return _judge(environment, asked, lambda one: one.by_name_alone, mend)


def _judge(
    environment: Environment,
    asked: str,
    wrong: Callable[[Bypass], bool | None],
    mend: Callable[[TransportRule], str],
) -> Finding:
    assume = Assumptions()
    found = bypasses(environment, assume)
    shown = tuple(line for one in found for line in one.lines())
    shown = shown or (evidence.config("Get-TransportRule", "transport rules that set SCL -1", ()),)
    failing = [one for one in found if wrong(one)]
    if failing:
        remedy = "\n".join(mend(one.rule) for one in failing)
        return non_compliant(asked, f"it is so by {'; '.join(map(str, failing))}", *shown, remedy=remedy)
    open_ = [why for one in found if wrong(one) is None for why in _why(one)]
    if assume.made or open_:
        return not_verified(asked, "; ".join((*assume.made, *open_)), *shown)
    if not found:
        return compliant(asked, "none sets SCL -1", *shown)
    return compliant(asked, f"those that set SCL -1 are for some alone: {'; '.join(map(str, found))}", *shown)


def _why(one: Bypass) -> Iterator[str]:
    """Tell what keeps it open who meets the conditions of a rule."""
    yield from one.unknown
    unread = [c for c, meets in zip(one.conditions, one.meets, strict=True) if meets is _Meets.UNREAD]
    if unread:
        yield f"transport rule '{one.rule.name}' looks at what is not judged here: {', '.join(unread)}"
    if one.exceptions:
        yield f"transport rule '{one.rule.name}' has exceptions that are not judged here: {', '.join(one.exceptions)}"
