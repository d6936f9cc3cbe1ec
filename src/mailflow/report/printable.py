"""Text from files and wires, made fit to be shown: what a reader cannot see is written out."""


def printable(text: str, keep: str = "\n\t") -> str:
    """Write out every character that would be invisible, reorder the line or break XML, as ⟨U+202E⟩.

    That is what `str.isprintable` denies: controls, surrogates, directional overrides, zero-width
    and no-break spaces (the last two make an SPF record copied from a web page fail, unseen). XML 1.0
    section 2.2 forbids most of the controls, HTML replaces some silently. Those in `keep` stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"⟨U+{ord(c):04X}⟩" for c in text)
