from mailflow.exchange.directory import Directory
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.mail.address import Address
from tests.routing.conftest import CHRIS, KATE, NOBODY, mail_user, mailbox

ALIAS = Address("christine", "contoso.com")


def test_a_recipient_is_found_by_any_of_its_addresses() -> None:
    chris, kate = mailbox(email_addresses=(CHRIS, ALIAS)), mail_user()
    directory, assume = Directory((kate,), (chris,)), Assumptions()
    assert [directory.find(a, assume) for a in (CHRIS, ALIAS, KATE, NOBODY)] == [chris, chris, kate, None]
    assert assume.made == ()


def test_the_later_list_has_an_address_that_stands_in_two() -> None:
    moved = mailbox(KATE)
    assert Directory((mail_user(),), (moved,)).find(KATE, Assumptions()) == moved


def test_a_list_that_is_not_exported_is_told_of_every_address() -> None:
    chris, assume = mailbox(), Assumptions()
    directory = Directory(Unknown("no Get-MailUser.json"), (chris,))
    assert directory.find(CHRIS, assume) == chris
    assert assume.made == ("no Get-MailUser.json",)


def test_addresses_that_are_not_exported_are_told_where_nobody_was_found() -> None:
    chris = mailbox(email_addresses=Unknown("no EmailAddresses"))
    directory, found, missed = Directory((chris,)), Assumptions(), Assumptions()
    assert directory.find(CHRIS, found) == chris
    assert directory.find(ALIAS, missed) is None
    assert (found.made, missed.made) == ((), ("no EmailAddresses",))


def test_a_recipient_is_named_by_the_primary_address_alone() -> None:
    chris, assume = mailbox(email_addresses=(CHRIS, ALIAS)), Assumptions()
    directory = Directory(Unknown("no Get-MailUser.json"), (chris,))
    assert [directory.named(a, assume) for a in (CHRIS, ALIAS)] == [chris, None]
    assert assume.made == ("no Get-MailUser.json",)


def test_all_addresses_and_what_might_be_more() -> None:
    chris, kate, assume = (
        mailbox(email_addresses=(CHRIS, ALIAS)),
        mail_user(email_addresses=Unknown("no")),
        Assumptions(),
    )
    assert Directory((chris,), (kate,), Unknown("no export")).addresses(assume) == {CHRIS, ALIAS, KATE}
    assert assume.made == ("no export", "no")
