"""Where the simulated Internet has the keys with which Microsoft 365 signs: its zones are in no plan."""

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Known, Unknown
from mailflow.routing.microsoft_365 import initial_selector
from mailflow.simulate.signature import key_record


def signing_keys(environment: Environment) -> dict[str, list[str]]:
    """Give the zones, by origin, that hold keys; a zone for a selector comes before the zone around it."""
    initial = environment.microsoft_365.initial_domain
    names = _of_the_tenant(environment)
    found = {name: [f"@ TXT {key_record()}"] for name in names if not isinstance(name, Unknown)}
    found[f"{initial_selector(initial)}._domainkey.{initial}"] = [f"@ TXT {key_record()}"]
    if any(isinstance(name, Unknown) for name in names):
        # Where the tenant keeps its keys is not known: a zone cut, below which nothing is said.
        found[initial] = ["_domainkey NS ns.invalid."]
    return found


def _of_the_tenant(environment: Environment) -> tuple[Known[str], ...]:
    """Give the names at which the tenant publishes the keys with which it signs."""
    configs = environment.microsoft_365.online.dkim_signing_configs
    if isinstance(configs, Unknown):
        return (configs,)
    both = ((config.selector_1_cname, config.selector_2_cname) for config in configs)
    return tuple(dict.fromkeys(name for pair in both for name in pair))
