"""Where the simulated DNS has the key of the simulation, in the place of keys whose other half nobody has."""

from dataclasses import replace
from typing import Any

import dns.zone
import pytest

from mailflow.exchange.known import Unknown
from mailflow.simulate.signature import key_record
from mailflow.simulate.signing_keys import signing_keys

HERE = [f"@ TXT {key_record()}"]
TENANT = {f"selector{number}-contoso-com._domainkey.contoso.onmicrosoft.com": HERE for number in (1, 2)} | {
    "selector1-contoso-onmicrosoft-com._domainkey.contoso.onmicrosoft.com": HERE
}
NEWSLETTER = {"contoso.dkim.newsletter.example": HERE}


def planned(environment: Any, records: str) -> Any:
    """Plan other records for the selectors of those who sign beside the tenant."""
    text = f"$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\n{records}\n"
    zone = dns.zone.from_text(text, "contoso.com.", relativize=False, check_origin=False)
    return replace(environment, zones={**environment.zones, "contoso.com": zone})


def test_the_tenant_and_those_whom_the_environment_lets_sign(scenario: Any) -> None:
    assert signing_keys(scenario("scenario-1")) == TENANT | NEWSLETTER
    assert signing_keys(scenario("scenario-3")) == TENANT | NEWSLETTER | {"mail._domainkey.contoso.com": HERE}


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (f"mail._domainkey TXT {key_record()}", {"mail._domainkey.contoso.com": HERE}),
        ('mail._domainkey TXT "v=DKIM1; p="', {}),  # what is broken in the plan stays so
        (f'mail._domainkey TXT {key_record()}\nmail._domainkey TXT "v=DKIM1; p="', {}),
        (f"mail2026._domainkey TXT {key_record()}", {}),
        ("mail._domainkey CNAME key.gateway.example.", {"key.gateway.example": HERE}),
        ("mail._domainkey CNAME key", {}),  # the plan itself has to say what stands there
        ("newsletter._domainkey CNAME contoso.dkim.newsletter.example.", NEWSLETTER),
    ],
)
def test_only_a_usable_key_of_the_plan_has_one_in_its_place(scenario: Any, records: str, found: Any) -> None:
    assert signing_keys(planned(scenario("scenario-3"), records)) == TENANT | found


def test_without_the_zone_of_the_domain_there_is_none(scenario: Any) -> None:
    assert signing_keys(replace(scenario("scenario-3"), zones={})) == TENANT


def test_where_the_tenants_keys_are_unknown_nothing_is_said_of_them(scenario: Any) -> None:
    here = scenario("scenario-1")
    online = replace(here.microsoft_365.online, dkim_signing_configs=Unknown("not supplied"))
    unknown = replace(here, microsoft_365=replace(here.microsoft_365, online=online))
    initial = {name: lines for name, lines in TENANT.items() if "onmicrosoft-com" in name}
    cut = {"contoso.onmicrosoft.com": ["_domainkey NS ns.invalid."]}
    assert signing_keys(unknown) == initial | NEWSLETTER | cut
