from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailflow.policy.comparison import compare
from mailflow.policy.finding import Verdict
from mailflow.policy.run import Completeness
from mailflow.report import as_markdown
from mailflow.report.as_markdown import _block, span

PARSER = MarkdownIt("commonmark").enable("table")


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def test_what_a_ticket_says(build, row) -> None:
    results = [
        row(Verdict.NON_COMPLIANT, "A-1"),
        row(Verdict.NOT_VERIFIED, "A-2", tenant=True),
        row(Verdict.WAIVED, "A-3"),
        row(Verdict.COMPLIANT, "A-4"),
    ]
    run = build(results=results, completeness=Completeness(5, 4, ("a.feature: A-5 for contoso.com",)))
    assert as_markdown.report(run).decode() == (
        "## ✕ **Not ready**: `scenario-4`, `Contoso`, `simulated`\n"
        "\n"
        "1 requirement fails, 1 waiver does not hold, 1 requirement could not be verified and 1 planned row was not "
        "judged.\n"
        "\n"
        "5 rows planned, 4 judged: 1 non-compliant, 1 not verified, 1 waived, 1 compliant.\n"
        "\n"
        "Note: `contoso.com declares scenario 4: what is planned fits scenario 3.`\n"
        "\n"
        "### What blocks\n"
        "\n"
        "- `A-1` `contoso.com` must, non-compliant: `title`\n"
        "  - seen: `reason of A-1`\n"
        "  - who mends it: nobody is named\n"
        "  - remedy:\n"
        "    ```\n"
        "    own remedy\n"
        "    ```\n"
        "- `A-2` `the tenant` must, not verified: `title`\n"
        "  - seen: `reason of A-2`\n"
        "  - who mends it: nobody is named\n"
        "  - remedy:\n"
        "    ```\n"
        "    remedy of the requirement\n"
        "    ```\n"
        "- not judged: `a.feature: A-5 for contoso.com`\n"
        "- waiver: `W-3 expired on 2026-11-01`\n"
        "\n"
        "### Accepted risks\n"
        "\n"
        "- `A-3` `contoso.com` (non-compliant): `W-7: accepted by Kim until 2026-12-31`\n"
        "\n"
        "Check again: `pipx run tox -- --environment scenario-4`\n"
        "\n"
        "Mailflow `0.1.0`, 2026-11-23 16:20:05 UTC, environment `sha256:9f86d081`\n"
    )


def test_what_changed_stands_above(build, row) -> None:
    before = build(results=[row(Verdict.COMPLIANT, "A-1")])
    run = build(results=[row(Verdict.NON_COMPLIANT, "A-1")])
    told = as_markdown.report(replace(run, compared=compare(before, run))).decode()
    assert "\nSince 2026-11-23 16:20:05 UTC: Of the rows 1 new; 0 the same.\n" in told


def test_nothing_of_a_stranger_is_markup(build, hostile) -> None:
    text = as_markdown.report(build(hostile)).decode()
    kinds = {token.type for token in tokens(text)}
    assert kinds <= {
        "heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close",
        "list_item_open", "list_item_close", "inline", "text", "softbreak", "strong_open", "strong_close",
        "code_inline", "fence",
    }  # fmt: skip
    shown = "".join(token.content for token in tokens(text) if token.type == "text")
    assert not set(shown) & set('<>@#[]{}\\&/"`')
    assert "http" not in shown


ODD = st.text(alphabet=st.one_of(st.sampled_from("`\n \\|<>[]()*_@#\r\t~-"), st.characters()))


@given(ODD)
def test_a_span_holds_its_text_whole(text) -> None:
    found = [token for token in tokens(f"- `A-1` must: {span(text)}\n") if token.type in ("code_inline", "text")]
    assert [token.type for token in found] == ["code_inline", "text", "code_inline"]
    assert "".join(span(text).split("`")).strip() == found[-1].content.replace("`", "").strip()


@given(ODD)
def test_a_block_holds_its_text_whole(text) -> None:
    found = [token for token in tokens(f"- a\n  - remedy:\n{_block(text)}- b\n") if token.type in ("fence", "text")]
    assert [(token.type, token.content) for token in found if token.type == "text"] == [
        ("text", "a"), ("text", "remedy:"), ("text", "b"),
    ]  # fmt: skip
    assert sum(token.type == "fence" for token in found) == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("v=spf1 -all", "`v=spf1 -all`"),
        ("a `b` c", "``a `b` c``"),
        ("`b`", "`` `b` ``"),
        ("", "`nothing`"),
        ("one\ntwo\x1b", "`one two⟨U+001B⟩`"),
        ("x" * 301, "`" + "x" * 299 + "…`"),
    ],
)
def test_spans(text, shown) -> None:
    assert span(text) == shown


def test_it_fits_into_a_comment_and_says_what_does_not(build, row, hostile) -> None:
    run = build(results=[row(Verdict.NON_COMPLIANT, f"A-{n}", hostile) for n in range(300)])
    written = as_markdown.report(run)
    assert len(written) <= 65_000
    text = written.decode()
    assert "There is more than fits here (" in text
    assert text.count("- seen:") + int(text.partition("fits here (")[2].partition(" left")[0]) >= 300
    assert text.endswith("`\n")


def test_the_summary_of_a_job_names_every_run_and_stays_below_what_is_dropped(build, row) -> None:
    many = [row(Verdict.NON_COMPLIANT, f"A-{n}", lambda words: words + "`é" * 150) for n in range(100)]
    runs = [build(environment=f"e-{n}", results=many) for n in range(20)]
    written = as_markdown.job(runs)
    assert 800_000 < len(written) < 1_000_000
    assert [f"**Not ready**: `e-{n}`" in written.decode() for n in range(20)] == [True] * 20
    assert as_markdown.job([build()]) == as_markdown.report(build()) + b"\n"


def test_the_summary_of_a_job_names_what_was_not_judged(build) -> None:
    written = as_markdown.job([build()], ["brand-7", "a`b"]).decode()
    assert written.splitlines()[:3] == [
        "- ✕ **Not judged**, the files have mistakes: `brand-7`",
        "- ✕ **Not judged**, the files have mistakes: ``a`b``",
        f"- {as_markdown.report(build()).decode().splitlines()[0].lstrip('# ')}",
    ]
