"""TLS-RPT records (RFC 8460)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.records.tls_rpt import TlsRpt, parse


def test_a_record() -> None:
    record = parse("v=TLSRPTv1; rua=mailto:tls@contoso.com,https://reports.contoso.com/v1")
    assert record.reports_to == ("mailto:tls@contoso.com", "https://reports.contoso.com/v1")
    assert record.flaws == ()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("rua=mailto:a@b.test; v=TLSRPTv1", "it does not begin with v=TLSRPTv1"),
        ("v=TLSRPTv1", "it has no rua: nobody gets a report"),
        ("v=TLSRPTv1; rua=a@b.test", "rua: 'a@b.test' is neither a mailto: nor an https: address"),
        ("v=TLSRPTv1; rua=http://b.test", "rua: 'http://b.test' is neither a mailto: nor an https: address"),
        ("v=TLSRPTv1; rua=https://[", "rua: 'https://[' is neither a mailto: nor an https: address"),
        ("v=TLSRPTv1; rua=mailto:nobody", "rua: 'mailto:nobody' is neither a mailto: nor an https: address"),
    ],
)
def test_what_is_wrong(text: str, flaw: str) -> None:
    assert parse(text).flaws == (flaw,)


@given(st.text() | st.text().map("v=TLSRPTv1; rua={}".format))
def test_anything_can_be_read(text: str) -> None:
    assert isinstance(parse(text), TlsRpt)
