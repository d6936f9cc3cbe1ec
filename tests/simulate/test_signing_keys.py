"""Where the simulated DNS has the keys with which Microsoft 365 signs; those of others stand in the plan alone."""

from dataclasses import replace
from typing import Any

from mailflow.exchange.known import Unknown
from mailflow.simulate.signature import key_record
from mailflow.simulate.signing_keys import signing_keys

HERE = [f"@ TXT {key_record()}"]
TENANT = {f"selector{number}-contoso-com._domainkey.contoso.onmicrosoft.com": HERE for number in (1, 2)} | {
    "selector1-contoso-onmicrosoft-com._domainkey.contoso.onmicrosoft.com": HERE
}


def test_the_keys_of_the_tenant_and_nobody_elses(scenario: Any) -> None:
    assert signing_keys(scenario("scenario-1")) == signing_keys(scenario("scenario-3")) == TENANT


def test_where_the_tenants_keys_are_unknown_nothing_is_said_of_them(scenario: Any) -> None:
    here = scenario("scenario-1")
    online = replace(here.microsoft_365.online, dkim_signing_configs=Unknown("not supplied"))
    unknown = replace(here, microsoft_365=replace(here.microsoft_365, online=online))
    initial = {name: lines for name, lines in TENANT.items() if "onmicrosoft-com" in name}
    cut = {"contoso.onmicrosoft.com": ["_domainkey NS ns.invalid."]}
    assert signing_keys(unknown) == initial | cut
