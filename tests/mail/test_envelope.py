from mailflow.mail.address import Address
from mailflow.mail.envelope import Envelope, path

KATE, JOHN = Address("kate", "contoso.com"), Address("john", "tailspintoys.com")


def test_paths_are_written_as_smtp_writes_them() -> None:
    assert path(KATE) == "<kate@contoso.com>"
    assert path(None) == "<>"  # RFC 5321 section 4.5.5


def test_an_envelope_tells_from_whom_to_whom() -> None:
    assert str(Envelope(JOHN, (KATE, JOHN))) == "<john@tailspintoys.com> to <kate@contoso.com>, <john@tailspintoys.com>"
    assert str(Envelope(None, (KATE,))) == "<> to <kate@contoso.com>"
