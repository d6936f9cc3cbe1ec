import pytest

from mailflow.mail.reply import Reply


@pytest.mark.parametrize(
    ("code", "accepted", "transient", "permanent"),
    [
        (199, False, False, False),
        (220, True, False, False),
        (250, True, False, False),
        (354, True, False, False),
        (421, False, True, False),
        (451, False, True, False),
        (500, False, False, True),
        (550, False, False, True),
        (554, False, False, True),
    ],
)
def test_the_first_digit_decides(code: int, accepted: bool, transient: bool, permanent: bool) -> None:
    # RFC 5321 section 4.2.1
    reply = Reply(code, "", "")
    assert (reply.accepted, reply.transient, reply.permanent) == (accepted, transient, permanent)


def test_a_reply_reads_as_on_the_wire() -> None:
    assert str(Reply(550, "5.7.64", "TenantAttribution; Relay Access Denied SMTP")) == (
        "550 5.7.64 TenantAttribution; Relay Access Denied SMTP"
    )
    assert str(Reply(250, "", "OK")) == "250 OK"
    assert str(Reply(421, "", "")) == "421"
