"""Where receivers in a simulation find the key with which its servers sign, instead of those that nobody has here."""

import dns.name
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.TXT

from mailflow.environment.environment import Environment
from mailflow.exchange.known import Known, Unknown
from mailflow.mail.address import lineage
from mailflow.records.dkim_key import parse
from mailflow.routing.microsoft_365 import initial_selector
from mailflow.simulate.signature import key_record


def signing_keys(environment: Environment) -> dict[str, list[str]]:
    """Give the zones, by origin, that hold keys; a zone for a selector comes before the zone around it."""
    initial = environment.microsoft_365.initial_domain
    names = _of_the_tenant(environment)
    found = {name: [f"@ TXT {key_record()}"] for name in names if not isinstance(name, Unknown)}
    found[f"{initial_selector(initial)}._domainkey.{initial}"] = [f"@ TXT {key_record()}"]
    for name in _of_others(environment):
        found[name] = [f"@ TXT {key_record()}"]
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


def _of_others(environment: Environment) -> set[str]:
    """Give the names of the keys of own servers and third parties that sign.

    A record that is missing or broken in the plan stays so. Where a selector leads to somebody else's zone, that is
    where the key is.
    """
    signers = [server.dkim for server in environment.servers]
    signers += [party.dkim for party in environment.third_parties]
    names = {f"{selector}._domainkey.{domain}" for signer in signers for domain, selector in signer.items()}
    return {at for name in names if (at := _usable_at(environment, name))}


def _usable_at(environment: Environment, name: str) -> str:
    """Give the name at which a selector has a usable key, itself or one elsewhere; empty where it has none."""
    origin = next((parent for parent in lineage(name) if parent in environment.zones), None)
    if origin is None:
        return ""
    zone, at = environment.zones[origin], dns.name.from_text(name)
    for record in zone.get_rdataset(at, "CNAME") or ():
        if isinstance(record, dns.rdtypes.ANY.CNAME.CNAME):
            target = record.target.to_text(omit_final_dot=True).lower()
            return "" if any(parent in environment.zones for parent in lineage(target)) else target
    records = [one for one in zone.get_rdataset(at, "TXT") or () if isinstance(one, dns.rdtypes.ANY.TXT.TXT)]
    texts = [b"".join(record.strings).decode("ascii", "replace") for record in records]
    return name if len(texts) == 1 and not parse(texts[0]).wrong else ""
