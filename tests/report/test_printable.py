import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.report.printable import for_console, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("v=spf1 ip4:131.107.21.231 -all", "v=spf1 ip4:131.107.21.231 -all"),
        ("Łódź, Ελλάδα, 日本", "Łódź, Ελλάδα, 日本"),
        ("first\n\tsecond", "first\n\tsecond"),
        ("v=spf1\u00a0ip4:192.0.2.1", "v=spf1⟨U+00A0⟩ip4:192.0.2.1"),
        ("v=spf1\u200b -all", "v=spf1⟨U+200B⟩ -all"),
        ("\u202etxt.exe", "⟨U+202E⟩txt.exe"),
        ("220 \x1b[2J\x9b\r", "220 ⟨U+001B⟩[2J⟨U+009B⟩⟨U+000D⟩"),
        ("\x00\ud800\uffff", "⟨U+0000⟩⟨U+D800⟩⟨U+FFFF⟩"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_break_is_kept_only_where_it_is_wanted() -> None:
    assert printable("one\ntwo\tthree", keep="\t") == "one⟨U+000A⟩two\tthree"


@given(st.text(st.characters()))
def test_any_text_becomes_utf_8_and_xml(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    element = ET.Element("a")
    element.text = shown
    assert (ET.fromstring(ET.tostring(element)).text or "") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("220 ##vso[task.setvariable variable=x]y", "220 ⟨U+0023⟩#vso[task.setvariable variable=x]y"),
        ("###[error]", "#⟨U+0023⟩#[error]"),
        ("::error::x", "⟨U+003A⟩:error::x"),
        ("one\n  ::set-output name=x::y", "one\n  ⟨U+003A⟩:set-output name=x::y"),
        ("\x1b::error::x", "⟨U+001B⟩::error::x"),
        ("ip6:2001:db8::1 or ::1, ## 1", "ip6:2001:db8::1 or ::1, ## 1"),
    ],
)
def test_no_build_server_is_commanded(text: str, shown: str) -> None:
    assert for_console(text) == shown


@given(st.text(alphabet="#:[ae\n\t ☃"))
def test_no_command_is_left_however_it_is_written(text: str) -> None:
    assert not re.search(r"(?m)##[a-z]*\[|^\s*::[a-z]", for_console(text))
