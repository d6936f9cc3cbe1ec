"""When a message is sent, Then it takes a path."""

from collections.abc import Sequence

from pytest_bdd import then, when

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.message import Kind
from mailflow.judge import disposition
from mailflow.judge import path as judge
from mailflow.observe.door import Door
from mailflow.observe.path import MailPath, Place
from mailflow.plugin.fixtures import Say
from steps.words import sentence

Paths = Sequence[MailPath]


@when(sentence("a message goes {kind:Kind}"), target_fixture="paths")
def message_goes(door: Door, domain: Domain, kind: Kind) -> Paths:
    return door.paths(domain, kind)


@when("one message goes from the Internet to a cloud mailbox and an on-premises mailbox", target_fixture="paths")
def one_message_goes_to_both(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.INTERNET_TO_BOTH)


@when("an on-premises mailbox forwards a message from the Internet to the Internet", target_fixture="paths")
def on_premises_mailbox_forwards(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.ON_PREMISES_FORWARD)


@when("a cloud mailbox forwards a message from the Internet to the Internet", target_fixture="paths")
def cloud_mailbox_forwards(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.CLOUD_FORWARD)


@when("an on-premises server returns a non-delivery report to the Internet", target_fixture="paths")
def on_premises_server_returns_report(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.ON_PREMISES_NDR)


@when(
    "an on-premises mailbox sends to the Internet for a domain that the organization does not own",
    target_fixture="paths",
)
def on_premises_mailbox_sends_for_foreign_domain(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.FOREIGN_SENDER)


@when("a third party sends for the organization to its mailboxes", target_fixture="paths")
def third_party_sends_to_mailboxes(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.THIRD_PARTY)


@when("a stranger hands a message for a cloud mailbox directly to Microsoft 365", target_fixture="paths")
def stranger_goes_to_microsoft_365(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.STRANGER_TO_MICROSOFT_365)


@when("a stranger hands a message directly to the on-premises servers", target_fixture="paths")
def stranger_goes_to_on_premises_servers(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.STRANGER_TO_ON_PREMISES)


@when("a stranger asks Microsoft 365 and the on-premises servers to relay to another stranger", target_fixture="paths")
def stranger_asks_to_relay(door: Door) -> Paths:
    return door.paths_of_all_domains(Kind.STRANGER_RELAY)


@when("a stranger asks the third-party filter to relay to another stranger", target_fixture="paths")
def stranger_asks_filter_to_relay(door: Door, domain: Domain) -> Paths:
    return door.paths(domain, Kind.STRANGER_RELAY_BY_FILTER)


@then("it is delivered")
def is_delivered(environment: Environment, paths: Paths, conclude: Say) -> None:
    conclude(disposition.delivered(environment, paths))


@then("it is refused")
def is_refused(paths: Paths, conclude: Say) -> None:
    conclude(disposition.refused(paths))


@then("it is refused or returned to its sender")
def is_refused_or_returned(paths: Paths, conclude: Say) -> None:
    conclude(disposition.refused_or_returned(paths))


@then("it is allowed or refused as the environment expects")
def is_as_expected(environment: Environment, paths: Paths, conclude: Say) -> None:
    conclude(disposition.forwards_as_expected(environment, paths))


@then(sentence("it passes {route:Route}"))
def passes(paths: Paths, route: tuple[Place, ...], conclude: Say) -> None:
    conclude(judge.passes(paths, route))


@then(sentence("it never passes {place:Place}"))
def never_passes(paths: Paths, place: Place, conclude: Say) -> None:
    conclude(judge.never_passes(paths, place))


@then(sentence("it enters the organization at {place:Place}"))
def enters_at(paths: Paths, place: Place, conclude: Say) -> None:
    conclude(judge.enters_at(paths, place))


@then(sentence("it leaves for the Internet from {place:Place}"))
def leaves_from(paths: Paths, place: Place, conclude: Say) -> None:
    conclude(judge.leaves_from(paths, place))


@then("it leaves for the Internet from where the environment expects")
def leaves_as_expected(environment: Environment, domain: Domain, paths: Paths, conclude: Say) -> None:
    conclude(judge.leaves_as_expected(environment, domain, paths))


@then("it does not go back to the on-premises servers")
def does_not_go_back(paths: Paths, conclude: Say) -> None:
    conclude(judge.does_not_go_back(paths))


@then("Microsoft 365 attributes it to the organization")
def is_attributed(paths: Paths, conclude: Say) -> None:
    conclude(judge.attributed(paths))


@then("it travels between the two sides over TLS")
def travels_over_tls(paths: Paths, conclude: Say) -> None:
    conclude(judge.over_tls(paths))


@then("it travels from the third-party filter to Microsoft 365 over TLS")
def travels_from_filter_over_tls(paths: Paths, conclude: Say) -> None:
    conclude(judge.over_tls_from_filter(paths))


@then("the outbound connector carries it to the on-premises servers")
def connector_carries_it(paths: Paths, conclude: Say) -> None:
    conclude(judge.by_connector(paths))
