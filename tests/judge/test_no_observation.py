"""No observation, no verdict: what is not exported, or lacks a property that matters, is never compliant."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from enum import Enum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from mailflow.environment.environment import Domain
from mailflow.environment.find import find
from mailflow.environment.mailboxes import Mailboxes
from mailflow.environment.zones import find_records
from mailflow.exchange.cloud import is_microsoft_host
from mailflow.exchange.known import Unknown
from mailflow.judge import (
    bypass,
    condition,
    device,
    directory,
    dkim,
    enhanced_filtering,
    inbound,
    left_over,
    lock,
    outbound,
    parked,
    send,
    subdomain,
    trust,
)
from mailflow.mail.address import Address
from mailflow.policy.finding import Finding, Verdict, worst
from mailflow.records.answer import Answer, MxRecord, Outcome, Question

UNKNOWN = Unknown("removed")


def _with_connector(choose: Any, *judges: Any) -> Callable[[Any], list[Finding]]:
    """The sentences of a row that speak of one connector, after the one that names it."""

    def row(world: Any) -> list[Finding]:
        found, connector = choose(world)
        return [found, *(one(world.environment, connector) for one in judges)]

    return row


def _covering(world: Any) -> Any:
    return outbound.for_domain(world.environment, world.domain)


def _central(world: Any) -> Any:
    return outbound.centralized(world.environment)


def _published(environment: Any, question: Question) -> Answer:
    """What the planned zones have, and that Microsoft publishes the hosts of its tenants."""
    records = find_records(environment.zones, question.name, question.type) or ()
    if question.type == "MX":
        values = tuple(MxRecord(r.preference, r.exchange.to_text(omit_final_dot=True)) for r in records)
    else:
        values = tuple(ip_address(record.address) for record in records)
    if question.type == "A" and is_microsoft_host(question.name):
        values = (ip_address("52.101.0.36"),)
    return Answer(question, Outcome.FOUND if values else Outcome.NO_DATA, values)


def _led_to_takers(world: Any) -> list[Finding]:
    """Names that the plan leads to the organization's own sides: what others take stands in no export."""
    seen = subdomain.look(
        world.environment, world.domain, lambda asked: tuple(_published(world.environment, one) for one in asked)
    )
    own = [one for one in seen if one.name.name == "eu.contoso.com"]
    return subdomain.are_led_to_takers(world.environment, world.domain, own)


ROWS: dict[str, Callable[[Any], Finding | list[Finding]]] = {
    "recognised": lambda w: inbound.recognised(w.environment, w.domain),
    "recognised_by_certificate": lambda w: inbound.recognised_by_certificate(w.environment),
    "recognised_by_certificate_if": lambda w: inbound.recognised_by_certificate_if(
        w.environment, condition.of_the_documentation(w.environment)
    ),
    "lets_no_stranger_pass": lambda w: inbound.lets_no_stranger_pass(w.environment),
    "locked_behind_filter": lambda w: lock.locked_behind_filter(w.environment, w.domain),
    "filter_is_skipped": lambda w: enhanced_filtering.filter_is_skipped(w.environment, w.domain),
    "skipping_is_not_undone": lambda w: enhanced_filtering.skipping_is_not_undone(w.environment, w.domain),
    "none_for_everybody": lambda w: bypass.none_for_everybody(w.environment),
    "none_by_name_alone": lambda w: bypass.none_by_name_alone(w.environment),
    "locked": lambda w: lock.locked(w.environment, w.domain),
    "centralized": _with_connector(_central),
    "covers_everything": _with_connector(_central, lambda _, c: outbound.covers_everything(c)),
    "hands_to_own_server": _with_connector(_covering, outbound.hands_to_own_server),
    "requires_tls": _with_connector(_covering, lambda _, c: outbound.requires_tls(c)),
    "certificate_fits": _with_connector(_covering, outbound.certificate_fits),
    "accepted": lambda w: directory.accepted(w.environment, w.domain),
    "type_fits": lambda w: directory.type_fits(w.environment, w.domain),
    "authoritative": lambda w: directory.authoritative(w.environment, w.domain),
    "no_way_to_own_servers": lambda w: left_over.no_way_to_own_servers(w.environment, w.domain),
    "nobody_passes_for_own_servers": lambda w: left_over.nobody_passes_for_own_servers(w.environment),
    "no_recipient_leads_back": lambda w: left_over.no_recipient_leads_back(w.environment, w.domain),
    "nobody_sends_as_parked": lambda w: parked.nobody_sends(w.environment, Domain("contoso.net", "parked", ())),
    "mailboxes_exist": lambda w: directory.mailboxes_exist(w.environment, w.domain),
    "ways_known": lambda w: directory.ways_known(w.environment, w.domain),
    "kept_in_both_directions": lambda w: trust.kept_in_both_directions(w.environment, []),
    "enhanced_filtering_fits": lambda w: enhanced_filtering.fits_the_scenario(w.environment, w.domain),
    "may_send_and_receive": lambda w: directory.may_send_and_receive(w.environment, w.domain),
    "routing_addresses_receive": lambda w: directory.routing_addresses_receive(w.environment),
    "reach_the_tenant": lambda w: send.reach_the_tenant(w.environment),
    "demand_tls": lambda w: send.demand_tls(w.environment),
    "device_recognised": lambda w: device.recognised(w.environment, w.domain),
    "device_uses_no_connector": lambda w: device.uses_no_connector(w.environment, w.domain),
    "device_may_sign_in": lambda w: device.may_sign_in(w.environment, w.domain),
    "signs": lambda w: dkim.signs(w.environment, w.domain),
    "led_to_takers": _led_to_takers,
    "reports_leave": lambda w: condition.reports_leave_through_microsoft_365(w.environment),
}
# Between them every row is compliant.
SWEPT = ("scenario-1-devices", "scenario-2", "scenario-4", "all-in-cloud", "third-party-filter")
SCENARIOS = tuple(folder.name for folder in find(Path(__file__).parents[2], []))

# What each row cannot do without, in every scenario in which it is compliant.
NEEDS = {
    "recognised": {"accepted_domains", "inbound_connectors"},
    "recognised_by_certificate": {"accepted_domains", "inbound_connectors"},
    "recognised_by_certificate_if": {"accepted_domains", "inbound_connectors"},
    "lets_no_stranger_pass": {"inbound_connectors"},
    "locked": {"accepted_domains", "inbound_connectors"},
    "locked_behind_filter": {"accepted_domains", "inbound_connectors"},
    "filter_is_skipped": {"accepted_domains", "inbound_connectors"},
    "skipping_is_not_undone": {"transport_rules"},
    "none_for_everybody": {"transport_rules"},
    "none_by_name_alone": {"transport_rules"},
    "centralized": {"outbound_connectors"},
    "covers_everything": {"outbound_connectors"},
    "hands_to_own_server": {"outbound_connectors"},
    "requires_tls": {"outbound_connectors"},
    "certificate_fits": {"outbound_connectors"},
    "accepted": {"accepted_domains"},
    "type_fits": {"accepted_domains", "mail_users"},
    "authoritative": {"accepted_domains"},
    "no_way_to_own_servers": {"outbound_connectors"},
    "nobody_passes_for_own_servers": {"inbound_connectors"},
    "no_recipient_leads_back": {"mail_users"},
    "nobody_sends_as_parked": {"mailboxes", "mail_users"},
    "mailboxes_exist": {"mailboxes"},
    "ways_known": {"accepted_domains", "mail_users", "own remote_mailboxes"},
    "kept_in_both_directions": {
        "accepted_domains",
        "inbound_connectors",
        "outbound_connectors",
        "own send_connectors",
        "own receive_connectors",
    },
    "enhanced_filtering_fits": {"accepted_domains", "inbound_connectors"},
    "may_send_and_receive": {"accepted_domains"},
    "routing_addresses_receive": {"accepted_domains"},
    "reach_the_tenant": {"own send_connectors"},
    "demand_tls": {"own send_connectors"},
    "device_recognised": {"accepted_domains", "inbound_connectors"},
    "device_uses_no_connector": {"accepted_domains", "inbound_connectors"},
    "device_may_sign_in": {"cas_mailboxes"},
    "signs": {"dkim_signing_configs"},
    "led_to_takers": {"own accepted_domains"},
    "reports_leave": {"own send_connectors"},
}


def verdict(row: str, world: Any) -> Verdict:
    found = ROWS[row](world)
    return worst(one.verdict for one in (found if isinstance(found, list) else [found]))


def exports(world: Any) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Name every export, what it holds, and how to replace it."""
    online, own = world.environment.microsoft_365.online, world.environment.on_premises.exchange
    for field in (one for one in fields(online) if one.name != "exported"):  # when, and not what
        yield field.name, getattr(online, field.name), lambda value, name=field.name: world.online(**{name: value})
    for field in (one for one in fields(own) if one.name != "exported"):
        name = field.name
        yield f"own {name}", getattr(own, name), lambda value, name=name: world.exchange(**{name: value})


def test_every_row_is_compliant_somewhere(world: Any) -> None:
    for row in ROWS:
        assert any(verdict(row, world(name)) is Verdict.COMPLIANT for name in SWEPT), row


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_without_its_exports_nothing_stays_green(world: Any, name: str, row: str) -> None:
    here = world(name)
    before = verdict(row, here)
    missed = set()
    for export, _, change in exports(here):
        after = verdict(row, change(UNKNOWN))
        assert after in (before, Verdict.NOT_VERIFIED), f"without {export} it is {after}"
        if after is not before:
            missed.add(export)
    if before is Verdict.COMPLIANT:
        assert missed >= NEEDS[row]


def _others(value: Any, kind: str) -> list[Any]:
    """Give other values of a property, those that are likely to matter and that its type knows."""
    unset = [None] if "None" in kind and value is not None else []
    match value:
        case bool():
            return [not value]
        case Enum():
            return [other for other in type(value) if other is not value] + unset
        case tuple() if "Network" in kind:
            return [(), (ip_network("0.0.0.0/0"),)]
        case tuple() | frozenset():
            return [type(value)()]
        case Address():
            return [Address("somebody", "elsewhere.example"), *unset]
        case str():
            return ["elsewhere.example", *unset]
        case None if "str" in kind:
            return ["elsewhere.example"]
        case _:
            return unset


def _properties(objects: Any) -> Iterator[tuple[str, list[Any], Callable[[Any], Any]]]:
    """Name every property of every object of an export that may be unknown, its other values, and how to set it."""
    single = not isinstance(objects, tuple)
    listed = (objects,) if single else objects
    for number, one in enumerate(listed):
        if isinstance(one, Unknown):
            continue
        for field in fields(one):
            if "Unknown" not in str(field.type):
                continue

            def change(value: Any, number: int = number, name: str = field.name) -> Any:
                changed = tuple(replace(o, **{name: value}) if i == number else o for i, o in enumerate(listed))
                return changed[0] if single else changed

            others = _others(getattr(one, field.name), str(field.type))
            yield f"{type(one).__name__} {number} {field.name}", others, change


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", SWEPT)
def test_property_that_matters_may_not_be_missing(world: Any, name: str, row: str) -> None:
    """Where another value would make the row fall, an unknown one makes it not verified."""
    here = world(name)
    if verdict(row, here) is not Verdict.COMPLIANT:
        return
    matters = 0
    for _, objects, change_export in exports(here):
        for where, others, change in _properties(objects):
            unknown = verdict(row, change_export(change(UNKNOWN)))
            assert unknown in (Verdict.COMPLIANT, Verdict.NOT_VERIFIED), f"{where} unknown: {unknown}"
            after = [verdict(row, change_export(change(other))) for other in others]
            if any(one is not Verdict.COMPLIANT for one in after):
                matters += 1
                assert unknown is Verdict.NOT_VERIFIED, where
    on_names_alone = row in ("accepted", "mailboxes_exist", "nobody_sends_as_parked")
    no_rule = row in (
        "none_for_everybody",
        "none_by_name_alone",
        "skipping_is_not_undone",
    )  # the shipped environments have none
    switched_off = (name, row) == ("all-in-cloud", "lets_no_stranger_pass")  # no single property brings it back
    assert matters > 0 or on_names_alone or no_rule or switched_off


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_true_of_nothing(world: Any, name: str, row: str) -> None:
    empty = world(name).servers().change(mailboxes=Mailboxes((), (), {}), outside=(), third_parties=(), devices=())
    for export, objects, _ in exports(empty):
        if isinstance(objects, tuple):
            side, _, field = export.rpartition(" ")
            empty = empty.exchange(**{field: ()}) if side else empty.online(**{field: ()})
    # That an export lists nothing is what these ask for, and is seen; that there is none is not.
    absence = (
        "no_way_to_own_servers",
        "nobody_passes_for_own_servers",
        "no_recipient_leads_back",
        "none_for_everybody",
        "none_by_name_alone",
        "nobody_sends_as_parked",
    )
    assert (verdict(row, empty) is Verdict.COMPLIANT) is (row in absence)


def test_origins_are_no_properties(world: Any) -> None:
    """The sweep sees what may be unknown, and only that."""
    seen = {
        where.rpartition(" ")[2]
        for _, objects, _ in exports(world("scenario-4"))
        for where, _, _ in _properties(objects)
    }
    assert {"enabled", "tls_sender_certificate_name", "reject_direct_send", "remote_routing_address"} <= seen
    assert not {"name", "origin", "primary_smtp_address"} & seen
