"""Names in commands."""

import pytest

from mailflow.judge.powershell import quoted


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Outbound to Contoso's", '"Outbound to Contoso\'s"'),
        ("B\u00fcro (alt) & neu; rm", '"B\u00fcro (alt) & neu; rm"'),
        ('the "new" one', "'the \"new\" one'"),
        ("$(Remove-Item x)", "'$(Remove-Item x)'"),
        ("`e", "'`e'"),
        ("it's $x", "'it''s $x'"),
        ("\u201cit\u2019s\u201d", "'\u201cit\u2019\u2019s\u201d'"),
    ],
)
def test_a_name_is_read_whole(name: str, written: str) -> None:
    assert quoted(name) == written
