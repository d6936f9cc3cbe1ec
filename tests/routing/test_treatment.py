"""What servers do to a message that they send on: who signs as whom, who changes it, and what nobody knows."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailflow.environment.environment import Changes
from mailflow.exchange.known import Assumptions, Unknown
from mailflow.exchange.online import DkimSigningConfig
from mailflow.mail.address import Address
from mailflow.routing.decision import Change, Content, Held, Router, Rule, Sign
from mailflow.routing.exchange_server import ExchangeServerRouter
from mailflow.routing.microsoft_365 import Microsoft365Router
from mailflow.routing.other_server import OtherServerRouter
from mailflow.routing.outside import OutsideRouter, SwallowingRouter
from tests.routing.conftest import (
    CHRIS_ROUTING,
    FABRIKAM_ID,
    JOHN,
    KATE,
    ORIGIN,
    TENANT_ID,
    Decided,
    exchange,
    online,
    organization,
    originating,
    other,
    server,
)

ROTATES = datetime(2026, 3, 3, tzinfo=UTC)
BEFORE, AFTER = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
CONFIG = DkimSigningConfig("contoso.com", True, "one.example", "two.example", ROTATES, "selector1", "selector2", ORIGIN)
WHY = Unknown("the export does not say it")
UNSIGNED, SIGNED = Content("contoso.com", signed=False), Content("contoso.com", signed=True)
AS_INITIAL = Sign(
    "contoso.onmicrosoft.com",
    "selector1-contoso-onmicrosoft-com",
    Rule(
        "Microsoft 365 signs as contoso.onmicrosoft.com: it has no signing configuration of the author's domain, or a "
        "disabled one",
        "DKIM setup",
    ),
)


def treated(router: Router, content: Content = UNSIGNED, to: Address = JOHN, tenant: str = TENANT_ID) -> Decided:
    assume = Assumptions()
    return Decided(router.treatment(content, Held(to, KATE, originating(tenant)), assume), assume.made)


def m365(*configs: Any, now: datetime = AFTER) -> Microsoft365Router:
    return Microsoft365Router(organization(online(dkim_signing_configs=configs)), now)


def as_contoso(selector: str) -> Sign:
    return Sign(
        "contoso.com", selector, Rule(f"Microsoft 365 signs as contoso.com ({ORIGIN.of('Enabled')})", "DKIM setup")
    )


@pytest.mark.parametrize(("now", "selector"), [(BEFORE, "selector1"), (AFTER, "selector2")])
def test_the_tenant_signs_as_the_domain_of_the_author_with_the_key_in_use(now: datetime, selector: str) -> None:
    assert treated(m365(CONFIG, now=now)) == Decided((as_contoso(selector),))


@pytest.mark.parametrize("configs", [(), (replace(CONFIG, enabled=False),), (replace(CONFIG, domain="b.example"),)])
def test_without_a_configuration_the_tenant_signs_as_its_first_domain(configs: Any) -> None:
    assert treated(m365(*configs)) == Decided((AS_INITIAL,))


def test_what_the_tenant_forwards_for_others_it_signs_as_its_first_domain() -> None:
    assert treated(m365(CONFIG), Content("fabrikam.com", signed=True)) == Decided((AS_INITIAL,))


@pytest.mark.parametrize("to", [KATE, CHRIS_ROUTING])
def test_between_domains_of_the_organization_nothing_is_signed(to: Address) -> None:
    assert treated(m365(CONFIG), to=to) == Decided(())


def test_what_another_tenant_does_is_not_told() -> None:
    assert treated(m365(CONFIG), tenant=FABRIKAM_ID) == Decided(())


@pytest.mark.parametrize(
    ("config", "does"),
    [
        (replace(CONFIG, enabled=WHY), (AS_INITIAL,)),
        (replace(CONFIG, rotate_on_date=WHY), ()),
        (replace(CONFIG, selector_after_rotate_on_date=WHY), ()),
    ],
)
def test_what_no_export_says_of_signing_is_told(config: DkimSigningConfig, does: Any) -> None:
    assert treated(m365(config)) == Decided(does, (WHY.why,))


def test_a_configuration_that_was_not_exported_is_told() -> None:
    router = Microsoft365Router(organization(online(dkim_signing_configs=WHY)))
    assert treated(router) == Decided((AS_INITIAL,), (WHY.why,))


def test_of_several_configurations_nobody_knows_which_holds() -> None:
    several = "Get-DkimSigningConfig has several configurations of contoso.com"
    assert treated(m365(CONFIG, CONFIG)) == Decided((as_contoso("selector2"),), (several,))


CHANGE = Change(Rule("mail.contoso.com changes what it sends on (environment.yaml:12)", "environment.yaml"))
SIGN = Sign(
    "contoso.com", "mail", Rule("mail.contoso.com signs for contoso.com (environment.yaml:12)", "environment.yaml")
)
OPEN = (
    "whether mail.contoso.com leaves a signature of others intact is stated nowhere (changes_messages); of Exchange "
    "Server it is known that it may not (DKIM setup)"
)


@pytest.mark.parametrize("kind", ["Exchange", "other"])
@pytest.mark.parametrize(
    ("changes", "signs", "content", "does"),
    [
        (None, False, UNSIGNED, Decided(())),
        (None, False, SIGNED, Decided((), (OPEN,))),
        (None, True, SIGNED, Decided((SIGN,), (OPEN,))),
        (None, True, UNSIGNED, Decided((SIGN,))),
        (Changes.NEVER, False, SIGNED, Decided(())),
        (Changes.NEVER, True, SIGNED, Decided((SIGN,))),
        (Changes.BEFORE_SIGNING, True, SIGNED, Decided((CHANGE, SIGN))),
        (Changes.AFTER_SIGNING, True, SIGNED, Decided((SIGN, CHANGE))),
        (Changes.AFTER_SIGNING, False, SIGNED, Decided((CHANGE,))),
        (Changes.NEVER, True, Content("fabrikam.com", signed=False), Decided(())),
    ],
)
def test_an_own_server_does_what_the_environment_states(
    kind: str, changes: Changes | None, signs: bool, content: Content, does: Decided
) -> None:
    one = server(changes_messages=changes, dkim={"contoso.com": "mail"} if signs else {})
    environment = organization(own=exchange())
    router = (
        ExchangeServerRouter(environment, one) if kind == "Exchange" else OtherServerRouter(environment, one, other())
    )
    assert treated(router, content) == does
    assert treated(SwallowingRouter(router), content) == does


@pytest.mark.parametrize("to", [KATE, CHRIS_ROUTING, Address("x", "contoso.onmicrosoft.com")])
def test_inside_the_organization_an_own_server_does_nothing_that_others_see(to: Address) -> None:
    one = server(changes_messages=Changes.AFTER_SIGNING, dkim={"contoso.com": "mail"})
    assert treated(ExchangeServerRouter(organization(), one), to=to) == Decided(())


def test_a_service_signs_for_whom_the_environment_says() -> None:
    service = OutsideRouter((), "mta.newsletter.example", {"contoso.com": "newsletter"})
    signs = Sign("contoso.com", "newsletter", Rule("the service signs for contoso.com", "environment.yaml"))
    assert treated(service) == Decided((signs,))
    assert treated(service, Content("fabrikam.com", signed=False)) == Decided(())
    assert treated(OutsideRouter((), "mta.newsletter.example")) == Decided(())
