"""Who signs mail beside Microsoft 365, and where receivers look for the keys, as environment.yaml says it. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from mailflow.environment.environment import Domain, Environment
from mailflow.environment.names_below import domain_of


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who signs as a domain, or as a name below it."""

    name: str  # newsletter, mail.contoso.com
    key_at: str  # newsletter._domainkey.contoso.com (RFC 6376 section 3.6.2.1)
    origin: str  # environment.yaml:12


def signers_of(environment: Environment, domain: Domain) -> tuple[Signer, ...]:
    """Give those who sign as a domain or as a name below it that is no domain of the environment."""
    return _signers(environment).get(domain.name, ())


@lru_cache(maxsize=1)  # every domain asks, and the answer is about all of them
def _signers(environment: Environment) -> Mapping[str, tuple[Signer, ...]]:
    found: dict[str, tuple[Signer, ...]] = defaultdict(tuple)
    for name, origin, dkim in _said(environment):
        for signed, selector in dkim.items():
            found[domain_of(environment, signed)] += (Signer(name, f"{selector}._domainkey.{signed}", origin),)
    return found


def _said(environment: Environment) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    for server in environment.servers:
        yield server.name, server.origin, server.dkim
    for party in environment.third_parties:
        yield party.name, environment.line(f"third_parties.{party.name}.dkim"), party.dkim
