"""Text from files and wires, made fit to be shown: what a reader cannot see is written out."""

import re

# Build servers obey what a job prints: GitHub Actions a line that begins with ::name, and ##[name] anywhere (workflow
# commands); Azure Pipelines ##vso[…] and ##[…] anywhere (logging commands). A banner could set variables and paths.
_COMMAND = re.compile(r"(?m)^([ \t]*):(?=:[A-Za-z])|#(?=#[A-Za-z]*\[)")


def printable(text: str, keep: str = "\n\t") -> str:
    """Write out every character that would be invisible, reorder the line or break XML, as ⟨U+202E⟩.

    That is what `str.isprintable` denies: controls, surrogates, directional overrides, zero-width
    and no-break spaces (the last two make an SPF record copied from a web page fail, unseen). XML 1.0
    section 2.2 forbids most of the controls, HTML replaces some silently. Those in `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"⟨U+{ord(c):04X}⟩" for c in text)


def for_console(text: str, keep: str = "\n\t") -> str:
    """Make text fit for a terminal and for the log of a build server, which obeys commands in it."""
    return _COMMAND.sub(lambda found: f"{found[1] or ''}⟨U+{ord(found[0][-1]):04X}⟩", printable(text, keep))
