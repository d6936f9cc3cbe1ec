"""Who signs beside Microsoft 365, and where the keys are looked for."""

from dataclasses import replace
from pathlib import Path

from mailflow.environment.environment import Domain
from mailflow.environment.load import load
from mailflow.environment.signers import Signer, signers_of

FIXTURES = Path(__file__).parents[2] / "fixtures"


def test_own_servers_and_third_parties_with_the_lines_that_say_so() -> None:
    here = load(FIXTURES / "scenario-3")
    assert signers_of(here, here.domains[0]) == (
        Signer("mail.contoso.com", "mail._domainkey.contoso.com", "environment.yaml:21"),
        Signer("newsletter", "newsletter._domainkey.contoso.com", "environment.yaml:34"),
    )


def test_a_server_of_a_filter_that_signs_is_one_too() -> None:
    here = load(FIXTURES / "third-party-filter")
    assert signers_of(here, here.domains[0]) == ()
    party = here.third_parties[0]
    signing = replace(party, servers=(replace(party.servers[0], dkim={"contoso.com": "mx"}),))
    changed = replace(here, third_parties=(signing,))
    (found,) = signers_of(changed, changed.domains[0])
    assert (found.name, found.key_at) == ("mx1.filter.example", "mx._domainkey.contoso.com")


def test_a_name_below_belongs_to_the_nearest_domain_and_a_strangers_to_none() -> None:
    here = load(FIXTURES / "scenario-3")
    newsletter, shop = here.third_parties
    dkim = {"shop.contoso.com": "s1", "a.eu.contoso.com": "s2", "shop.example": "s3"}
    eu = Domain("eu.contoso.com", 3, ("mail.contoso.com",))
    changed = replace(here, domains=(*here.domains, eu), third_parties=(newsletter, replace(shop, dkim=dkim)))
    names = {domain.name: [one.key_at for one in signers_of(changed, domain)] for domain in changed.domains}
    assert names == {
        "contoso.com": [
            "mail._domainkey.contoso.com",
            "newsletter._domainkey.contoso.com",
            "s1._domainkey.shop.contoso.com",
        ],
        "eu.contoso.com": ["s2._domainkey.a.eu.contoso.com"],
    }
