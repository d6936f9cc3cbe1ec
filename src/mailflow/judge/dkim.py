"""Judges whether the selectors of a domain lead to the keys with which Microsoft 365 signs (RFC 6376)."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailflow.environment.environment import Domain, Environment
from mailflow.exchange.known import Unknown, export_again
from mailflow.exchange.online import DkimSigningConfig
from mailflow.judge import evidence
from mailflow.judge.mend import unanswered
from mailflow.policy.finding import Finding, compliant, non_compliant, not_verified
from mailflow.records.answer import Answer, Question
from mailflow.records.dkim_key import parse

SELECTORS = ("selector1", "selector2")  # those of Microsoft 365, of which it uses one at a time


@dataclass(frozen=True, slots=True)
class Selector:
    """What stands at one selector."""

    name: str
    alias: Answer  # its CNAME record
    key: Answer  # its TXT record, whatever aliases lead there

    @property
    def target(self) -> str:
        """The name to which it is an alias; empty where it is none."""
        return next((str(value) for value in self.alias.values), "")


def questions(domain: Domain) -> tuple[Question, ...]:
    """Give what is asked of the selectors."""
    return tuple(
        Question(f"{selector}._domainkey.{domain.name}", kind) for selector in SELECTORS for kind in ("CNAME", "TXT")
    )


def selectors(answers: Sequence[Answer]) -> tuple[Selector, ...]:
    """Sort the answers to `questions`."""
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return tuple(Selector(name, *pair) for name, pair in zip(SELECTORS, pairs, strict=True))


def _config(environment: Environment, domain: Domain) -> DkimSigningConfig | Unknown | None:
    found = environment.microsoft_365.online.dkim_signing_configs
    if isinstance(found, Unknown):
        return found
    own = [one for one in found if one.domain == domain.name]
    if len(own) > 1:  # of two nobody knows which holds
        return Unknown(f"Get-DkimSigningConfig has {len(own)} configurations of {domain.name}")
    return own[0] if own else None


def signs(environment: Environment, domain: Domain) -> Finding:
    """Judge whether the tenant signs for the domain at all."""
    asked = f"Microsoft 365 signs the mail of {domain.name}"
    config = _config(environment, domain)
    if isinstance(config, Unknown):
        return not_verified(asked, config.why, remedy=export_again(config.why))
    if config is None:
        shown = evidence.stated(environment.line(f"domains.{domain.name}"), "Get-DkimSigningConfig", "does not have it")
        return non_compliant(asked, "the tenant has no signing configuration for it", shown)
    shown = evidence.setting(config.origin, "Enabled", f"the signing configuration of {domain.name}", config.enabled)
    if isinstance(config.enabled, Unknown):
        return not_verified(asked, config.enabled.why, shown, remedy=export_again(config.enabled.why))
    if not config.enabled:
        return non_compliant(asked, "its signing configuration is not enabled", shown)
    return compliant(asked, "its signing configuration is enabled", shown)


def lead_to_the_tenant(environment: Environment, domain: Domain, seen: Sequence[Selector]) -> Finding:
    """Judge whether both selectors are aliases of the names in the signing configuration.

    The names are compared, never derived: Microsoft has two forms of them ("Set up DKIM").
    """
    asked = f"the selectors of {domain.name} are CNAMEs to the names that the tenant's signing configuration gives"
    shown = [evidence.dns(one.alias) for one in seen]
    config = _config(environment, domain)
    if config is None or isinstance(config, Unknown):
        why = config.why if config else "the tenant has no signing configuration for it"
        return not_verified(asked, why, *shown, remedy=export_again(why))
    wrong, records, failed, unnamed = [], [], [], []
    for one, named in zip(seen, (config.selector_1_cname, config.selector_2_cname), strict=True):
        if isinstance(named, Unknown):
            unnamed.append(named.why)
        elif one.alias.failed:
            failed.append(one.alias)
        elif one.target != named:
            found = one.target or ("a TXT record of its own" if one.key.values else "nothing")
            wrong.append(f"{one.alias.question.name} leads to {found}, not to {named}")
            records.append(f"{one.alias.question.name}. IN CNAME {named}.")
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown, remedy="\n".join(("Publish:", *records)))
    if unnamed:
        return not_verified(asked, "; ".join(dict.fromkeys(unnamed)), *shown, remedy=export_again(unnamed[0]))
    if failed:
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    return compliant(asked, "both are", *shown)


def have_usable_keys(environment: Environment, domain: Domain, seen: Sequence[Selector]) -> Finding:
    """Judge whether receivers can verify with the keys: one at least, and none that is there and broken.

    Microsoft 365 signs with one selector at a time; the other may have no key before it is rotated.
    """
    asked = f"the selectors of {domain.name} lead to usable keys"
    shown = [evidence.dns(one.key) for one in seen]
    keys = [(one, parse(str(text))) for one in seen for text in one.key.values]
    wrong = [f"{one.key.question.name}: {key.wrong}" for one, key in keys if key.wrong]
    wrong += [f"{one.key.question.name}: {len(one.key.values)} keys" for one in seen if len(one.key.values) > 1]
    notes = tuple(f"{one.key.question.name} {remark}" for one, key in keys for remark in key.remarks)
    failed = [one.key for one in seen if one.key.failed]
    if wrong:
        return non_compliant(asked, "; ".join(wrong), *shown, notes=notes)
    if failed:  # what was not seen may be broken
        why = "; ".join(f"the look-up of {answer.question} failed" for answer in failed)
        config = _config(environment, domain)
        if isinstance(config, Unknown):  # a plan does not say then where the keys are
            return not_verified(asked, f"{config.why}; {why}", *shown, remedy=export_again(config.why))
        return not_verified(asked, why, *shown, remedy=unanswered(failed))
    if any(not key.testing for _, key in keys):
        return compliant(asked, f"{len(keys)} of {len(seen)} have one", *shown, notes=notes)
    if keys:
        return non_compliant(asked, "every key says t=y: receivers treat the mail as unsigned", *shown)
    return non_compliant(asked, "neither leads to a key", *shown)
