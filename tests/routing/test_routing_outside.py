"""Everybody else on the Internet."""

from mailflow.mail.address import Address
from mailflow.mail.reply import Reply
from mailflow.routing.decision import Deliver, Direction, Reception, Refuse, Relay, Return, Rule
from mailflow.routing.device import DeviceRouter
from mailflow.routing.outside import ChoosingRouter, OutsideRouter, StraightRouter, StrangerRouter, SwallowingRouter
from tests.routing.conftest import CHRIS, JOHN, KATE, at_connection, at_rcpt, client, originating, routed

TAILSPIN = OutsideRouter((JOHN,), "mx.tailspintoys.com")
HAS = Rule("the recipient has a mailbox here", "RFC 5321 section 2.3.10")
HAS_NOT = Rule("no mailbox of that name", "RFC 5321 sections 3.3 and 3.6.2")
NOT_JOHN = Address("nobody", "tailspintoys.com")
BY_MX = Rule("found by the MX records of the recipient's domain", "RFC 5321 section 5.1")


def test_it_talks_to_everybody() -> None:
    assert at_connection(TAILSPIN, client()).what is None


def test_it_takes_mail_for_its_own_mailboxes_and_nobody_elses() -> None:
    assert at_rcpt(TAILSPIN, client(), None, JOHN).what == Reception(Direction.INCOMING, HAS)
    assert at_rcpt(TAILSPIN, client(), KATE, NOT_JOHN).what == Refuse(Reply(550, "5.1.1", "User unknown"), HAS_NOT)
    assert at_rcpt(TAILSPIN, client(), JOHN, KATE).what == Refuse(
        Reply(550, "5.7.1", "Relaying denied"), Rule("relays for nobody", "RFC 5321 section 7.9")
    )


def test_it_delivers_returns_or_sends_by_mx() -> None:
    assert routed(TAILSPIN, JOHN).what == (Deliver(JOHN, HAS),)
    assert routed(TAILSPIN, NOT_JOHN).what == (Return(Reply(550, "5.1.1", "User unknown"), HAS_NOT),)
    assert routed(TAILSPIN, KATE, JOHN).what == (Relay((), JOHN, BY_MX, helo="mx.tailspintoys.com"),)


def test_it_counts_at_least_as_many_hops_as_the_standard_asks() -> None:
    loop = Rule("too many Received fields", "RFC 5321 section 6.3")
    assert TAILSPIN.hop_limit() == (100, Refuse(Reply(554, "5.4.6", "Too many hops"), loop))


def test_its_users_submit() -> None:
    rule = Rule("submitted by its own user", "RFC 6409 section 1")
    assert TAILSPIN.submission(JOHN) == Reception(Direction.ORIGINATING, rule, submitted=True)


def test_the_strangers_server_keeps_whatever_reaches_it() -> None:
    stranger, keeps = StrangerRouter((), "stranger.example"), Rule("the stranger takes whatever reaches it", "the test")
    assert at_rcpt(stranger, client(), JOHN, CHRIS).what == Reception(Direction.INCOMING, keeps)
    assert routed(stranger, CHRIS).what == (Deliver(CHRIS, keeps),)
    own = stranger.submission(None)
    assert routed(stranger, CHRIS, None, own).what == (Relay((), None, BY_MX, helo="stranger.example"),)


def test_one_choice_among_mx_hosts_of_one_preference() -> None:
    choosing = ChoosingRouter(TAILSPIN, "contoso.com", ("mx2.contoso.com", "mail.contoso.com"), "mx.tailspintoys.com")
    chosen = Rule("of the MX hosts of one preference a sender may try mx2.contoso.com first", "RFC 5321 section 5.1")
    assert routed(choosing, CHRIS, JOHN, originating()).what == (
        Relay(("mx2.contoso.com", "mail.contoso.com"), JOHN, chosen, helo="mx.tailspintoys.com"),
    )
    assert routed(choosing, NOT_JOHN) == routed(TAILSPIN, NOT_JOHN)


def test_straight_to_a_host_only_the_next_hop_is_another() -> None:
    straight = StraightRouter(usual=TAILSPIN, host="mail.contoso.com", helo="stranger.example")
    past_mx = Rule("handed over directly, past MX", "the test")
    assert routed(straight, CHRIS, JOHN, originating()).what == (
        Relay(("mail.contoso.com",), JOHN, past_mx, helo="stranger.example"),
    )
    assert at_connection(straight, client()) == at_connection(TAILSPIN, client())
    assert at_rcpt(straight, client(), None, JOHN) == at_rcpt(TAILSPIN, client(), None, JOHN)
    assert straight.hop_limit() == TAILSPIN.hop_limit()
    assert straight.submission(JOHN) == TAILSPIN.submission(JOHN)


def test_a_device_hands_everything_to_one_host() -> None:
    device = DeviceRouter(OutsideRouter((), "printer"), "mail.contoso.com", "printer", shows_certificate=True)
    why = Rule("the device hands its mail to the host that stands in its settings", "Devices")
    told = (Relay(("mail.contoso.com",), KATE, why, helo="printer", shows_certificate=True),)
    assert routed(device, CHRIS, KATE, originating()).what == told
    assert routed(device, JOHN, KATE, originating()).what == told
    assert isinstance(at_rcpt(device, client(), None, KATE).what, Refuse)


def test_swallowing_is_neither_delivered_nor_returned() -> None:
    swallows = SwallowingRouter(usual=TAILSPIN)
    assert routed(swallows, NOT_JOHN).what == ()
    assert routed(swallows, JOHN) == routed(TAILSPIN, JOHN)
    assert routed(swallows, KATE) == routed(TAILSPIN, KATE)
    assert at_connection(swallows, client()) == at_connection(TAILSPIN, client())
    assert at_rcpt(swallows, client(), None, JOHN) == at_rcpt(TAILSPIN, client(), None, JOHN)
    assert swallows.hop_limit() == TAILSPIN.hop_limit()
    assert swallows.submission(JOHN) == TAILSPIN.submission(JOHN)
