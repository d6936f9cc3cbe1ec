"""Tag=value lists: the form of DKIM, DMARC and TLS-RPT records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.tag_list import TagList, read, versions


def test_a_record() -> None:
    found = read("v=DMARC1; P = reject ;rua=mailto:a@b.test,mailto:c@d.test;")
    assert found.tags == (("v", "DMARC1"), ("p", "reject"), ("rua", "mailto:a@b.test,mailto:c@d.test"))
    assert (found.flaws, found.get("p"), found.get("sp")) == ((), "reject", None)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("v=DMARC1; reject", "'reject' is no tag=value"),
        ("v=DMARC1; p=none; p=reject", "the tag p stands twice"),
        ("v=DMARC1; 1p=none", "'1p=none' is no tag=value"),
        ("v=DMARC1; p=n\u00f6ne", "the value of p has characters that none may have: 'n\u00f6ne'"),
        ("v=DMARC1; " + "x" * 100, f"'{'x' * 59}\u2026' is no tag=value"),
    ],
)
def test_what_is_wrong(text: str, flaw: str) -> None:
    assert read(text).flaws == (flaw,)


@given(st.text())
def test_anything_can_be_read(text: str) -> None:
    found = read(text)
    assert isinstance(found, TagList)
    assert len({name for name, _ in found.tags}) == len(found.tags)


NAMES = st.text("abcdefghij_", min_size=1).filter(lambda name: name[0] != "_")
VALUES = st.text("abc019:,=@. ", max_size=20).map(str.strip)


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_what_is_written_is_read(tags: dict[str, str]) -> None:
    found = read("; ".join(f"{name}={value}" for name, value in tags.items()))
    assert (dict(found.tags), found.flaws) == (tags, ())


def test_versions() -> None:
    texts = ("v=DMARC1", "v=DMARC1;p=none", "v = DMARC1 ; p=none", "v=DMARC12", "v=dmarc1", "x; v=DMARC1", 7)
    assert versions(texts, "DMARC1") == texts[:3]
