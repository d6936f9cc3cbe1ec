# noqa: INP001  a script, run by its path; benchmarks and tests import it
"""Plans of large organizations: Contoso in scenario 4 with as many further domains, as many times.

python benchmarks/organizations.py FOLDER DOMAINS [ORGANIZATIONS]

writes FOLDER/fixtures/DOMAINS-domains, or organization-1, organization-2 … Every further domain has what contoso.com
has: its zone, its people, its rows in the exports. The same numbers give the same files.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[1] / "fixtures" / "scenario-4"
FIRST = "contoso.com"
PEOPLE = {"cloud": ("chris", "sara", "lee"), "on_premises": ("kate", "david")}
FORWARDS = ("kate", "lee")
ROW_A_DOMAIN = (
    "exchange-online/Get-AcceptedDomain.json",
    "exchange-online/Get-RemoteDomain.json",
    "exchange-server/Get-AcceptedDomain.json",
)
ROW_A_PERSON = (
    "exchange-online/Get-Mailbox.json",
    "exchange-online/Get-MailUser.json",
    "exchange-server/Get-Mailbox.json",
    "exchange-server/Get-RemoteMailbox.json",
)
ZONE = """\
$ORIGIN {domain}.
$TTL 3600
@ IN SOA ns1.contoso.com. hostmaster.contoso.com. ( 2026112001 7200 3600 1209600 3600 )
@ IN NS ns1.contoso.com.
@ IN NS ns2.contoso.com.
@ IN MX 10 mail.contoso.com.
@ IN TXT "v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"
autodiscover IN CNAME mail.contoso.com.
"""


def write(folder: Path, domains: int) -> None:
    """Write the plan of an organization with so many domains, contoso.com among them."""
    brands = [f"brand-{number}.example" for number in range(2, domains + 1)]
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("messages"))
    _in_text(folder / "environment.yaml", brands)
    for brand in brands:
        (folder / "zones" / f"{brand}.zone").write_text(ZONE.format(domain=brand), "ascii")
    for name in (*ROW_A_DOMAIN, *ROW_A_PERSON):
        _in_json(folder / name, lambda rows: rows + [new for brand in brands for new in _of_brand(rows, brand)])
    _in_json(
        folder / "exchange-online/Get-OutboundConnector.json",
        lambda rows: [row | {"RecipientDomains": [*row["RecipientDomains"], *brands]} for row in rows],
    )
    _in_json(
        folder / "exchange-server/Get-HybridConfiguration.json",
        lambda plan: plan | {"Domains": [plan["Domains"][0] | {"Domain": name} for name in (FIRST, *brands)]},
    )


def _in_text(file: Path, brands: list[str]) -> None:
    """Name the domains, their people and what the newsletter sends as in environment.yaml."""
    text = file.read_text("utf-8")
    domain = f"  {FIRST}: {{scenario: 4, mx: [mail.{FIRST}]}}\n"
    text = _with(text, domain, (domain.replace(FIRST, brand, 1) for brand in brands))
    for people in PEOPLE.values():
        listed = ", ".join(f"{person}@{FIRST}" for person in people)
        text = _with(text, listed, (f",\n    {listed.replace(FIRST, brand)}" for brand in brands))
    forward = "".join(f"    {person}@{FIRST}: {person}@tailspintoys.com\n" for person in FORWARDS)
    text = _with(text, forward, (forward.replace(FIRST, brand) for brand in brands))
    party = (
        f"  newsletter:\n    sends_from: [203.0.113.60]\n    as: news@{FIRST}\n    greets_as: mta.newsletter.example\n"
    )
    parties = (party.replace("newsletter:", f"newsletter-{n}:").replace(FIRST, b) for n, b in enumerate(brands, 2))
    file.write_text(_with(text, party, parties), "utf-8")


def _with(text: str, entry: str, more: Iterator[str]) -> str:
    """Put more behind an entry, which must be there."""
    before, found, after = text.partition(entry)
    if not found:
        raise ValueError(f"{SOURCE} no longer has {entry!r}")
    return before + entry + "".join(more) + after


def _in_json(file: Path, change: Any) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text("utf-8"))), indent=1), "utf-8")


def _of_brand(rows: list[dict[str, Any]], brand: str) -> Iterator[dict[str, Any]]:
    """Give the rows that are about the first domain or its people, as those of another."""
    for row in rows:
        text = json.dumps({name: value for name, value in row.items() if name != "DistinguishedName"})
        if f'"{FIRST}"' not in text and f"@{FIRST}" not in text:
            continue
        label = brand.partition(".")[0]
        # People of one name have one address each in the tenant's own domains: chris.brand-7@contoso.onmicrosoft.com.
        for own in ("contoso.onmicrosoft.com", "contoso.mail.onmicrosoft.com"):
            text = text.replace(f"@{own}", f".{label}@{own}")
        text = text.replace(f'"{FIRST}"', f'"{brand}"').replace(f"@{FIRST}", f"@{brand}")
        yield json.loads(text)


def main() -> None:
    """Write them."""
    place, domains = Path(sys.argv[1]) / "fixtures", int(sys.argv[2])
    if len(sys.argv) == 3:
        write(place / f"{domains}-domains", domains)
        return
    for number in range(1, int(sys.argv[3]) + 1):
        write(place / f"organization-{number}", domains)


if __name__ == "__main__":
    main()
