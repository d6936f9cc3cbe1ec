"""What is wrong with an SPF record, for the person who has to mend it.

check_host() says permerror and stops; here every mistake is named, with the record that was probably meant.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailflow.records.private_address import is_private
from mailflow.records.spf_mend import mend_term, why_wrong
from mailflow.records.spf_syntax import Directive, Modifier, Record, Term, TermError, parse, parse_term, spf_records

# v=spf, spf1, v = spf1, "v=spf1, v=spf1; v=spf2.0/pra
_VERSION_LIKE = re.compile(
    r"\s*[\"'\u201c-\u201e]*(?:v\s{0,3}[=:]?\s{0,3})?spf\s?v?\s?(?:[0-9](?:\.[0-9])?)?(?:/[a-z,]+)?"
    r"[;,:\"'\u201c\u201d]*(?=\s|\Z)",
    re.IGNORECASE,
)
_GLUED = re.compile(r"v=spf1(?=[a-z+?~-])", re.IGNORECASE)

_MOST = 50

# Separators that are none, the full-width ones too.
_PIECE = re.compile(r"[^,;|\uff0c\uff1b\u3001]+")
_HEAD = re.compile(r"[+?~-]?(?:include|a|mx|ip4|ip6|ipv4|ipv6|exists):", re.IGNORECASE)
_BEGINS_TERM = re.compile(
    r"[+?~-]?(?:all|include|a|mx|ptr|ip4|ip6|ipv4|ipv6|exists|redirect|exp)(?![\w-]|\.\w)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a record."""

    fragment: str  # what stands there
    column: int  # where, from 1
    wrong: str
    mend: str  # what to do; empty where only the author can know
    invalid: bool  # receivers cannot use the record (permerror, or no SPF record at all); else it is only unwise
    corrected: str = ""  # the record without this flaw and without any that makes it invalid; empty: unknown


@dataclass(frozen=True, slots=True)
class _Word:
    """What stands between blanks, and the term it is meant to be: None where nobody can tell."""

    fragment: str
    column: int
    term: str | None


def diagnose(record: str) -> tuple[Flaw, ...]:
    """Name what is wrong or unwise in the text of a record, in the order of the text; 50 flaws at most."""
    version, start = _version(record)
    blank, words = _words(record, start)
    joined, words = _join(record, words)
    parted, words = _part(words)
    wrong, words = _mend(words)
    twice, words = _once(words)
    corrected = _assemble(words)
    flaws = [replace(flaw, corrected=corrected) for flaw in (*version, *blank, *joined, *parted, *wrong, *twice)]
    worst_first = sorted([*flaws, *_unwise(words)], key=lambda flaw: not flaw.invalid)
    return tuple(sorted(worst_first[:_MOST], key=lambda flaw: flaw.column))


def select_record(values: Iterable[object]) -> tuple[str, tuple[Flaw, ...]]:
    """Select the SPF record among the TXT records of a name (RFC 7208 section 4.5).

    Gives the record and what is wrong with the selection. With none or several the record is empty; the flaws then
    are those of texts that were meant to be one, or show how to merge the several.
    """
    texts = [value for value in values if isinstance(value, str)]
    found = spf_records(texts)
    if len(found) == 1:
        return found[0], ()
    if not found:
        meant = (text for text in texts if _VERSION_LIKE.match(text) or _GLUED.match(text))
        return "", tuple(flaw for text in meant for flaw in diagnose(text) if flaw.invalid)
    merged = _merge(found)
    wrong = f"{len(found)} SPF records: receivers use none of them (permerror, RFC 7208 section 4.5)"
    mend = "publish one record in their place" + (f": {merged}" if merged else "")
    return "", (Flaw(found[1], 1, wrong, mend, invalid=True, corrected=merged),)


def _version(record: str) -> tuple[list[Flaw], int]:
    """Find where the terms begin; without exactly `v=spf1` in front a text is no SPF record (section 4.5)."""
    if spf_records([record]):
        return [], len("v=spf1")
    if glued := _GLUED.match(record):
        return [Flaw(glued[0], 1, "a blank is missing after 'v=spf1'", "write v=spf1 and a blank", True)], glued.end()
    if like := _VERSION_LIKE.match(record):
        wrong = f"'{like[0]}' is not 'v=spf1' and a blank: to receivers this is no SPF record"
        return [Flaw(like[0], 1, wrong, "begin with v=spf1", True)], like.end()
    wrong = "'v=spf1' is missing at the start: to receivers this is no SPF record"
    return [Flaw(record.partition(" ")[0], 1, wrong, "begin with v=spf1", True)], 0


def _words(record: str, start: int) -> tuple[list[Flaw], list[_Word]]:
    """Split at white space; only the blank of ASCII separates terms (section 4.6.1)."""
    words = [_Word(word[0], word.start() + 1, word[0]) for word in re.compile(r"\S+").finditer(record, start)]
    if other := re.compile(r"[^\S ]").search(record, start):
        wrong = f"terms are separated by blanks, and {other[0]!a} is none"
        return [Flaw(other[0], other.start() + 1, wrong, "write a blank", True)], words
    return [], words


def _join(record: str, words: list[_Word]) -> tuple[list[Flaw], list[_Word]]:
    """Put together what a blank has torn apart: `ipv4: 131.107.21.231`."""
    flaws: list[Flaw] = []
    whole: list[_Word] = []
    rest = words[::-1]
    while rest:
        torn = [rest.pop()]
        term = torn[0].fragment
        # "ip4 : 131.107.21.0 /24" is torn in four; without a bound, hostile text would be joined for ever.
        while len(torn) < 4 and rest and (glue := _glue(term, rest[-1].fragment)) is not None:
            torn.append(rest.pop())
            term += glue + torn[-1].fragment
        start, end = torn[0].column - 1, torn[-1].column - 1 + len(torn[-1].fragment)
        whole.append(_Word(record[start:end], start + 1, term))
        if len(torn) > 1:
            where = "after the colon" if torn[0].fragment.endswith(":") else "inside a term"
            wrong = f"a blank stands {where}: receivers read {len(torn)} terms in place of one"
            flaws.append(Flaw(whole[-1].fragment, start + 1, wrong, f"write {term} without a blank", True))
    return flaws, whole


def _glue(left: str, right: str) -> str | None:
    """Say what belongs between two words that are one term; None where they are two."""
    if left in ("+", "-", "~", "?", "\N{EN DASH}", "\N{EM DASH}"):
        return ""
    if not why_wrong(right) or _BEGINS_TERM.match(right):
        return None
    if right[0] in ":/=":
        return ""
    if left[-1] in ":/=":
        return ""
    name = left.lstrip("+-~?").lower()
    if name in ("ip4", "ip6", "ipv4", "ipv6", "ip", "include", "exists") and "." in right and ":" not in right:
        return ":"
    return None


def _part(words: list[_Word]) -> tuple[list[Flaw], list[_Word]]:
    """Take apart what commas and semicolons hold together: `ip4:192.0.2.1,ip4:192.0.2.2`."""
    flaws: list[Flaw] = []
    parts: list[_Word] = []
    for word in words:
        term = word.term or ""
        pieces = [] if "%{" in term or not why_wrong(term) else list(_PIECE.finditer(term))
        if len(pieces) < 2:
            parts.append(word)
            continue
        wrong = "terms are separated by blanks, not by commas or semicolons"
        flaws.append(Flaw(word.fragment, word.column, wrong, "write blanks in their place", _is_invalid(term)))
        head = ""
        for piece in pieces:
            named = _HEAD.match(piece[0])
            head = named[0] if named else head
            bare = bool(head and not named and why_wrong(piece[0]) and not why_wrong(head + piece[0]))
            meant = head + piece[0] if bare else piece[0]
            # A word that was joined has blanks which its term has not: its pieces are shown as the whole.
            part = _Word(piece[0], word.column + piece.start(), meant)
            parts.append(part if word.fragment == term else replace(word, term=meant))
    return flaws, parts


def _mend(words: list[_Word]) -> tuple[list[Flaw], list[_Word]]:
    """Mend each term for itself."""
    flaws: list[Flaw] = []
    mended: list[_Word] = []
    for word in words:
        mendings = mend_term(word.term or "")
        invalid = bool(mendings) and _is_invalid(word.term or "")
        flaws += [Flaw(word.fragment, word.column, made.wrong, made.mend, invalid) for made in mendings]
        mended.append(replace(word, term=mendings[-1].text) if mendings else word)
    return flaws, mended


def _once(words: list[_Word]) -> tuple[list[Flaw], list[_Word]]:
    """Section 6: redirect and exp appear at most once each."""
    flaws: list[Flaw] = []
    kept: list[_Word] = []
    first: dict[str, str] = {}
    for word in words:
        term = _term(word)
        name = term.name if isinstance(term, Modifier) and term.name in ("redirect", "exp") else ""
        if not isinstance(term, Modifier) or not name or name not in first:
            if isinstance(term, Modifier) and name:
                first[name] = term.value
            kept.append(word)
            continue
        same = term.value.lower() == first[name].lower()
        wrong = f"'{name}=' stands in the record more than once (RFC 7208 section 6)"
        flaws.append(Flaw(word.fragment, word.column, wrong, "keep one of them", True))
        if not same:
            kept.append(replace(word, term=None))
    return flaws, kept


def _unwise(words: list[_Word]) -> Iterator[Flaw]:
    """What receivers accept and the author will hardly have meant."""
    terms = [(word, term) for word in words if (term := _term(word))]
    yield from _unwise_end(words, terms)
    yield from _unwise_modifiers(words, terms)
    for word, term in terms:
        if isinstance(term, Modifier):
            continue
        if term.mechanism == "ptr":
            wrong = "'ptr' is slow and unreliable and should not be published (RFC 7208 section 5.5)"
            yield Flaw(word.fragment, word.column, wrong, "list the addresses with ip4: and ip6:", False)
        elif (network := term.network) and not network.prefixlen and term.qualifier == "+":
            wrong = f"'{term.text}' lets every IPv{network.version} address of the Internet send"
            yield Flaw(word.fragment, word.column, wrong, "name the organization's own network", False)
        elif network and is_private(network):
            wrong = f"{network} is a private network: no receiver on the Internet ever sees it"
            mend = "write the public address that mail comes from behind the NAT"
            yield Flaw(word.fragment, word.column, wrong, mend, False)


_SAYS = {
    "+": "lets everybody on the Internet send for the domain",
    "?": "says nothing of other addresses: mail of a stranger does not fail",
    "~": "lets receivers accept mail of a stranger (softfail)",
}


def _unwise_end(words: list[_Word], terms: list[tuple[_Word, Term]]) -> Iterator[Flaw]:
    """What the record says of everybody else, and whether that stands at its end."""
    alls = [(word, term) for word, term in terms if isinstance(term, Directive) and term.mechanism == "all"]
    redirects = [word for word, term in terms if isinstance(term, Modifier) and term.name == "redirect"]
    if not alls:
        if not redirects:
            column = words[-1].column + len(words[-1].fragment) if words else len("v=spf1") + 1
            wrong = "the record has no end: of other addresses it says nothing (neutral, RFC 7208 section 4.7)"
            mend = "end with -all, once every sender is listed"
            yield Flaw("", column, wrong, mend, False, _assemble([*words, _Word("", column, "-all")]))
        return
    (first, all_), strictest = alls[0], next(q for q in "-~?+" if any(term.qualifier == q for _, term in alls))
    in_order = _assemble(_end_with(words, f"{strictest}all"))
    if redirects:
        wrong = f"'redirect=' has no effect beside '{all_.text}' (RFC 7208 section 6.1)"
        yield Flaw(redirects[0].fragment, redirects[0].column, wrong, "take one of the two out", False, in_order)
    if len(alls) > 1:
        second = alls[1][0]
        wrong = f"'{second.term}' is never reached after '{all_.text}'"
        yield Flaw(second.fragment, second.column, wrong, "keep one 'all'", False, in_order)
    late = [word for word, term in terms if isinstance(term, Directive) and word.column > first.column]
    if late := [word for word in late if not _is_all(word)]:
        wrong = f"what stands after '{all_.text}' is never tested (RFC 7208 section 5.1)"
        yield Flaw(late[0].fragment, late[0].column, wrong, "put 'all' at the end", False, in_order)
    if all_.qualifier in _SAYS:
        hard = _assemble(_end_with(words, "-all"))
        wrong, mend = f"'{all_.text}' {_SAYS[all_.qualifier]}", "write -all, once every sender is listed"
        yield Flaw(first.fragment, first.column, wrong, mend, False, hard)


def _end_with(words: list[_Word], all_: str) -> list[_Word]:
    """Put one `all` behind the last mechanism, and take out the redirect that has no effect beside it."""
    kept = [word for word in words if not _is_all(word)]
    kept = [word for word in kept if not (word.term or "").lower().startswith("redirect=")]
    last = max((place for place, word in enumerate(kept, 1) if not isinstance(_term(word), Modifier)), default=0)
    return [*kept[:last], _Word("", 0, all_), *kept[last:]]


def _is_all(word: _Word) -> bool:
    return (word.term or "").lower().lstrip("+-~?") == "all"


def _unwise_modifiers(words: list[_Word], terms: list[tuple[_Word, Term]]) -> Iterator[Flaw]:
    """Section 6: receivers ignore a modifier that they do not know, and so hide what it was meant to be."""
    meant: dict[int, str] = {}  # by column; empty: nothing
    flaws = []
    for word, term in terms:
        if isinstance(term, Directive) or term.name in ("redirect", "exp"):
            continue
        if term.name == "v":
            wrong, right = f"'{term.text}' stands in the middle of the record and means nothing there", ""
        else:
            colon = term.text.replace("=", ":", 1)
            mendings = mend_term(colon)
            right = (mendings[-1].text or "") if mendings else colon
            if not right or why_wrong(right):
                continue
            wrong = f"'{term.name}=' is a modifier that nobody knows and everybody ignores"
        meant[word.column] = right
        mend = f"write {right}" if right else "take it out"
        flaws.append(Flaw(word.fragment, word.column, wrong, mend, False))
    if flaws:
        mended = [replace(word, term=meant.get(word.column, word.term)) for word in words]
        corrected = _assemble([word for word in mended if word.term != ""])
        yield from (replace(flaw, corrected=corrected) for flaw in flaws)


def _merge(records: tuple[str, ...]) -> str:
    """Write several records as one; empty where that takes more than their text."""
    parsed: list[Record] = []
    for text in records:
        mended = next((flaw.corrected for flaw in diagnose(text) if flaw.invalid), text)
        if not mended:
            return ""
        parsed.append(parse(mended))
    terms: dict[str, str] = {}  # in lower case, and as written
    ends = [d.qualifier for record in parsed for d in record.directives if d.mechanism == "all"]
    for record in parsed:
        for directive in record.directives:
            if directive.mechanism != "all":
                terms.setdefault(directive.text.lower(), directive.text)
        if redirect := record.modifier("redirect"):
            if not ends:
                return ""  # the end stands in the record that redirect= leads to
            terms.setdefault(f"include:{redirect}".lower(), f"include:{redirect}")
    end = next((f"{qualifier}all" for qualifier in "-~?+" if qualifier in ends), "")
    exp = next((f"exp={record.modifier('exp')}" for record in parsed if record.modifier("exp")), "")
    return " ".join(filter(None, ("v=spf1", *terms.values(), end, exp)))


def _is_invalid(text: str) -> bool:
    """Say whether a term makes the record permerror: by the grammar, or by naming what can hold no record."""
    term = _term(_Word(text, 1, text))
    named = isinstance(term, Modifier) or (isinstance(term, Directive) and term.mechanism == "include")
    return term is None or (named and bool(why_wrong(text)))


def _term(word: _Word) -> Term | None:
    try:
        return parse_term(word.term or "", word.column)
    except TermError:
        return None


def _assemble(words: list[_Word]) -> str:
    """Write the record in full; empty where a term is unknown or the whole would still be invalid."""
    terms = [word.term for word in words]
    text = " ".join(["v=spf1", *(term for term in terms if term)])
    return text if None not in terms and not parse(text).faults else ""
