"""Each shipped environment fits its own scenario and no other; what is laid out otherwise is told so, and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from mailflow.environment.environment import Environment
from mailflow.environment.fault import load_faulty, read_all
from mailflow.environment.load import load
from mailflow.environment.mailboxes import Mailboxes
from mailflow.exchange.known import Unknown
from mailflow.mail.address import Address
from mailflow.policy.misfit import misfits

FIXTURES = Path(__file__).parents[2] / "fixtures"
SHIPPED: dict[str, int | str] = {
    "all-in-cloud": "all-in-cloud",
    "third-party-filter": "third-party-filter",
    "third-party-filter-hybrid": "third-party-filter-hybrid",
    "scenario-1": 1,
    "scenario-2": 2,
    "scenario-2-direct-exit": 2,
    "scenario-3": 3,
    "scenario-4": 4,
}


def declaring(environment: Environment, scenario: int | str) -> Environment:
    return replace(environment, domains=tuple(replace(one, scenario=scenario) for one in environment.domains))


@pytest.mark.parametrize(("name", "own"), SHIPPED.items())
def test_an_environment_fits_its_own_scenario_alone(name: str, own: int | str) -> None:
    environment = load(FIXTURES / name)
    assert misfits(environment) == ()
    environment = replace(environment, domains=environment.domains[:1])
    for scenario in {1, 2, 3, 4, "all-in-cloud", "third-party-filter", "third-party-filter-hybrid"} - {own}:
        (found,) = misfits(declaring(environment, scenario))
        assert (found.domains, found.declared) == (("contoso.com",), str(scenario))
        assert found.words.startswith(f"what is planned fits scenario {own}, not {scenario}. Against {scenario}: ")
        assert [one.scenario for one in found.layouts if not one.contradicts] == [str(own)]


def test_what_speaks_for_and_against_stands_beside_each_layout() -> None:
    (found,) = misfits(declaring(load(FIXTURES / "scenario-3"), 4))
    central = "centralized mail transport is on (outbound connector 'Outbound to 5b0d7d1e-6f0c-4f6b-9c1a-2e9d1c7b8a40')"
    leaves = "own servers hand mail for the Internet to the hosts of its recipients"
    alike = (
        "the MX record names own servers (mail.contoso.com)",
        "mailboxes are listed in the cloud and on own servers",
        "there are own servers: mail.contoso.com",
    )
    assert found.words == f"what is planned fits scenario 3, not 4. Against 4: {central}; {leaves}."
    told = {one.scenario: (one.fits, one.contradicts) for one in found.layouts}
    assert told["4"] == (alike, (central, leaves))
    assert told["3"] == ((alike[0], central, leaves, *alike[1:]), ())


@pytest.mark.parametrize(
    ("name", "fault", "fits", "against"),
    [
        (
            "scenario-4",
            "mx-at-microsoft-365-though-on-premises-filters",
            "scenario 1, not 4",
            "4: the MX record names Microsoft 365",
        ),
        (
            "scenario-3",
            "cmt-off",
            "no documented scenario; it most resembles scenarios 3 and 4",
            "3: centralized mail transport is off",
        ),
        (
            "scenario-1",
            "mx-null",
            "scenario parked, not 1",
            "1: the MX record says that the domain takes no mail (null MX)",
        ),
        (
            "all-in-cloud",
            "parked-mx-missing",
            "no documented scenario",
            "parked: no MX record names a host",
        ),
        (
            "scenario-1",
            "mx-missing",
            "no documented scenario; it most resembles scenarios 1, 4 and third-party-filter-hybrid",
            "1: no MX record names a host",
        ),
        (
            "scenario-1",
            "mx-stale-gateway",
            "no documented scenario; it most resembles scenarios 1, 4 and third-party-filter-hybrid",
            "1: the MX record names Microsoft 365 and hosts of others (gateway.contoso.com)",
        ),
    ],
)
def test_what_a_fault_makes_of_it(name: str, fault: str, fits: str, against: str) -> None:
    (found,) = misfits(load_faulty(FIXTURES / name, read_all(FIXTURES.parent)[fault]))
    assert found.words == f"what is planned fits {fits}. Against {against}."


def test_an_organization_that_fits_none_and_resembles_another() -> None:
    environment = load(FIXTURES / "scenario-4")
    mailboxes = Mailboxes(environment.mailboxes.cloud, (), {})
    (found,) = misfits(declaring(replace(environment, mailboxes=mailboxes), 1))
    assert found.words == (
        "what is planned fits no documented scenario; it most resembles scenario 4, not 1. Against 1: the MX record "
        "names own servers (mail.contoso.com); every listed mailbox is in the cloud."
    )


def test_where_mailboxes_are_is_not_known_where_none_is_listed() -> None:
    environment = replace(load(FIXTURES / "scenario-4"), mailboxes=Mailboxes((), (), {}))
    (found,) = misfits(declaring(environment, 3))
    assert found.words.endswith(" Not known: where the mailboxes are, for none is listed.")


def test_what_is_not_known_speaks_against_nothing() -> None:
    environment = load(FIXTURES / "scenario-4")
    online = replace(environment.microsoft_365.online, outbound_connectors=Unknown("no export"))
    blind = replace(environment, microsoft_365=replace(environment.microsoft_365, online=online))
    assert misfits(blind) == ()
    assert misfits(replace(blind, zones={})) == ()
    (found,) = misfits(declaring(blind, 3))
    assert found.words == (
        "what is planned fits scenario 4, not 3. Against 3: own servers hand mail for the Internet to Microsoft 365. "
        "Not known: centralized mail transport (no export)."
    )
    (found,) = misfits(declaring(replace(environment, zones={}), 3))
    assert found.words == (
        "what is planned fits scenarios 1, 4 and third-party-filter-hybrid, not 3. "
        "Against 3: centralized mail transport is off; own servers "
        "hand mail for the Internet to Microsoft 365. Not known: where the MX record points, for there is no zone of "
        "the domain."
    )


def test_domains_that_are_alike_stand_together() -> None:
    environment = load(FIXTURES / "scenario-1")
    (domain,) = environment.domains
    others = tuple(replace(domain, name=f"{name}.contoso.com", scenario=2) for name in ("a", "b"))
    found = misfits(replace(environment, domains=(domain, *others)))
    assert [(one.domains, one.declared) for one in found] == [(("a.contoso.com", "b.contoso.com"), "2")]


def test_a_reader_compares_the_declared_scenario_with_the_nearest() -> None:
    environment = load(FIXTURES / "scenario-1")
    (found,) = misfits(declaring(environment, "all-in-cloud"))
    assert [one.scenario for one in found.nearest] == ["1", "all-in-cloud"]
    assert replace(found, layouts=()).nearest == ()


@pytest.mark.parametrize(
    ("name", "against"), [("scenario-1", []), ("scenario-2", ["centralized mail transport is on (outbound connector"])]
)
def test_a_domain_with_its_mailboxes_in_the_cloud_may_stand_beside_one_with_own_servers(
    name: str, against: list[str]
) -> None:
    environment = load(FIXTURES / name)
    (domain,) = environment.domains
    mailboxes = replace(environment.mailboxes, on_premises=(Address("kate", "own.example"),), forwards={})
    domains = (replace(domain, scenario="all-in-cloud"), replace(domain, name="own.example"))
    found = misfits(replace(environment, domains=domains, mailboxes=mailboxes))
    assert [one.domains for one in found] == [("contoso.com",) for _ in against]
    for one, said in zip(found, against, strict=True):  # centralized mail transport is the whole tenant's
        assert f"Against all-in-cloud: {said}" in one.words
        assert "own servers have" not in one.words
