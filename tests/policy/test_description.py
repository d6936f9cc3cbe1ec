from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.policy.description import Description, Flaw, read
from mailflow.policy.documents import Document
from mailflow.policy.requirement import Source, Standing

LIBRARY = {
    key: Document(key, "…", "https://example.com", date(2026, 1, 1)) for key in ("Training", "Routing", "RFC 7208")
}
STATED = Source("Training", "Scenario 4", Standing.STATED)


def test_everything() -> None:
    text = """
    Mail would go past the filter.
    It would then arrive unfiltered.

    Source: Training; Scenario 4; stated
    Source: RFC 7208; sections 4.6; and 5;
      derived
    Remedy: Publish this record:
      contoso.com. MX 10 mail.contoso.com.
        indented: kept

      Set-InboundConnector -Enabled $true
    """
    assert read(text, LIBRARY) == Description(
        "Mail would go past the filter. It would then arrive unfiltered.",
        (STATED, Source("RFC 7208", "sections 4.6; and 5", Standing.DERIVED)),
        "Publish this record:\ncontoso.com. MX 10 mail.contoso.com.\n  indented: kept\n\n"
        "Set-InboundConnector -Enabled $true",
        (),
    )


def test_remedy_ends_at_the_next_word() -> None:
    told = read("Remedy: Do this\nand that.\nSource: Training; Scenario 4; stated\nWhy it matters.", LIBRARY)
    assert told == Description("Why it matters.", (STATED,), "Do this\nand that.", ())


def test_own_document_stands_in_no_library() -> None:
    told = read("Source: own; Mail policy 2026, 3.1; stated", LIBRARY)
    assert told.sources == (Source("own", "Mail policy 2026, 3.1", Standing.STATED),)
    assert told.flaws == ()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (
            "Why.",
            Flaw("no Source", "at least one line 'Source: document; section; stated'", "Your own is 'own'."),
        ),
        (
            "Source: Trainin; 4; stated",
            Flaw("the unknown document 'Trainin'", "a key of policy/documents.toml", "Did you mean 'Training'?"),
        ),
        (
            "Source: Gossip; 4; stated",
            Flaw(
                "the unknown document 'Gossip'",
                "a key of policy/documents.toml",
                "A document of your own is 'own'.",
            ),
        ),
        (
            "Source: Training; 4",
            Flaw(
                "'Source: Training; 4'",
                "document; section; stated or derived",
                "For example: 'Source: Training; Scenario 4, step 2; stated'",
            ),
        ),
        (
            "Source: Training; 4; guessed",
            Flaw(
                "'Source: Training; 4; guessed'",
                "document; section; stated or derived",
                "For example: 'Source: Training; Scenario 4, step 2; stated'",
            ),
        ),
        (
            "Source: Training; 4; stated\nRemdy: Do.",
            Flaw("'Remdy:'", "Source: or Remedy:", "Did you mean 'Remedy:'?"),
        ),
        (
            "Source: Training; 4; stated\nsource: Training; 5; stated",
            Flaw("'source:'", "Source: or Remedy:", "Did you mean 'Source:'?"),
        ),
        (
            "Source: Training; 4; stated\nRemedy: A\nRemedy: B",
            Flaw("a second 'Remedy: B'", "one Remedy", "Continue it on the lines below."),
        ),
    ],
)
def test_flaws(text: str, flaw: Flaw) -> None:
    assert read(text, LIBRARY).flaws == (flaw,)


@given(st.text(alphabet=st.sampled_from("Source: Remdy;\n own stated\tx")))
def test_any_text_is_read(text: str) -> None:
    told = read(text, LIBRARY)
    assert told.sources or told.flaws
