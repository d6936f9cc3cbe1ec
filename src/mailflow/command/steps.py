"""`mailflow steps`: the sentences that feature files are written in."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from mailflow.command.line import DONE, NOT_SO, Commands, command, say

if TYPE_CHECKING:
    from mailflow.plugin.sentences import Topic

_ABOUT = """\
Print the sentences that can be written in feature files, by topic: those of Mailflow, and those in steps/ of the folder
you are in. Below each stand examples with the requirement they are from. WORDS choose the sentences that hold them all;
the exit status is 1 where there is none.
"""

_EXAMPLES = """\
  mailflow steps
  mailflow steps third party passes
  mailflow steps --json
"""
_SHOWN = 3  # examples of one sentence


def add(commands: Commands) -> None:
    """Put it on the command line."""
    parser = command(commands, "steps", help="print the sentences of feature files", about=_ABOUT, examples=_EXAMPLES)
    parser.add_argument("words", nargs="*", metavar="WORDS", help="only sentences with these words")
    parser.add_argument("--json", action="store_true", help="print them as JSON, with every example")
    parser.set_defaults(carry_out=_carry_out)


def _carry_out(options: argparse.Namespace) -> int:
    from mailflow.plugin.sentences import places, topics  # noqa: PLC0415

    found = [chosen for topic in topics(places(Path.cwd())) if (chosen := _with(topic, options.words)).sentences]
    if options.json:
        say(json.dumps([asdict(topic) for topic in found], indent=2, ensure_ascii=False))
    elif not found:
        say(f"No sentence holds {', '.join(options.words)}. Try fewer words, or none: mailflow steps prints them all.")
    for topic in () if options.json else found:
        for line in _told(topic):
            say(line)
    return DONE if found else NOT_SO


def _with(topic: "Topic", words: list[str]) -> "Topic":
    from dataclasses import replace  # noqa: PLC0415

    wanted = [word.casefold() for word in words]
    chosen = (
        sentence
        for sentence in topic.sentences
        if (text := " ".join([sentence.pattern, *(each.text for each in sentence.examples)]).casefold())
        and all(word in text for word in wanted)
    )
    return replace(topic, sentences=tuple(chosen))


def _told(topic: "Topic") -> Iterator[str]:
    yield f"{topic.name}: {topic.about}"
    for sentence in topic.sentences:
        yield f"  {sentence.keyword} {sentence.pattern}"
        for example in sentence.examples[:_SHOWN]:
            same = example.text == sentence.pattern
            yield f"      {'as in' if same else example.text + ', as in'} {example.requirement}"
        if len(sentence.examples) > _SHOWN:
            yield f"      and {len(sentence.examples) - _SHOWN} more (--json)"
    yield ""
