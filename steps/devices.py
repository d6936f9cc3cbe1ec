"""Given devices and applications that send: whether the way of each is open to it, and to nobody else."""

from collections.abc import Sequence

from pytest_bdd import given, then, when

from mailflow.environment.environment import DeviceWay, Domain, Environment
from mailflow.environment.message import Kind
from mailflow.judge import device as judge
from mailflow.judge.spf_below import SpfBelow
from mailflow.observe.door import Door
from mailflow.observe.path import MailPath
from mailflow.plugin.fixtures import Say

_WITHOUT_SIGNING_IN = tuple(way for way in DeviceWay if way is not DeviceWay.CLIENT_SUBMISSION)


@given("a device sends for the domain without signing in")
def device_sends(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, *_WITHOUT_SIGNING_IN))


@given("a device that does not sign in has to send to the Internet")
def device_sends_outside(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, *_WITHOUT_SIGNING_IN, outside=True))


@given("a device relays through Microsoft 365")
def device_relays(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, DeviceWay.RELAY))


@given("a device uses Direct Send")
def device_uses_direct_send(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, DeviceWay.DIRECT_SEND))


@given("a device hands its mail to Microsoft 365 without signing in")
def device_hands_to_microsoft_365(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, DeviceWay.DIRECT_SEND, DeviceWay.RELAY))


@given("a device signs in at Microsoft 365")
def device_signs_in(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.sends(environment, domain, DeviceWay.CLIENT_SUBMISSION))


@given("mailboxes of the domain are on the on-premises servers")
def has_own_mailboxes(environment: Environment, domain: Domain, condition: Say) -> None:
    condition(judge.has_own_mailboxes(environment, domain))


@when("a stranger poses as a device and asks its host to relay to another stranger", target_fixture="paths")
def stranger_poses_as_device(door: Door, domain: Domain) -> Sequence[MailPath]:
    return door.paths(domain, Kind.STRANGER_AS_DEVICE)


@when("SPF is asked about every address from which a device reaches Microsoft 365", target_fixture="device_spf")
def spf_of_devices(door: Door, environment: Environment, domain: Domain) -> SpfBelow:
    return judge.look_up_spf(environment, domain, door.drive)


@then("each of these addresses passes")
def each_address_passes(domain: Domain, device_spf: SpfBelow, conclude: Say) -> None:
    conclude(judge.passes_spf(domain, device_spf))


@then("an inbound connector recognises every device that relays")
def connector_recognises_devices(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(judge.recognised(environment, domain))


@then("no inbound connector takes a device that uses Direct Send for an on-premises server")
def direct_send_uses_no_connector(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(judge.uses_no_connector(environment, domain))


@then("SMTP AUTH is enabled for the mailbox of every device that signs in")
def smtp_auth_is_enabled(environment: Environment, domain: Domain, conclude: Say) -> None:
    conclude(judge.may_sign_in(environment, domain))
