# noqa: INP001  a script, run by its path; benchmarks and tests import it
"""Plans of large organizations: Contoso in scenario 4 with as many further domains, as many times.

python benchmarks/organizations.py FOLDER DOMAINS [ORGANIZATIONS]

writes FOLDER/fixtures/DOMAINS-domains, or organization-1, organization-2 … Every further domain has what contoso.com
has: its zone, signed, and the name below it; its people, its newsletter and who signs that, its rows in the exports.
Every fifth has two applications and a shop that sends as a name below it, and beside every ten stands one that is
parked, as in fixtures/scenario-1-devices and scenario-3. The same numbers give the same files.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

SOURCE = Path(__file__).parents[1] / "fixtures" / "scenario-4"
DEVICES = Path(__file__).parents[1] / "fixtures" / "scenario-1-devices"
FIRST, BELOW, PARKED = "contoso.com", "eu.contoso.com", "contoso.net"
PEOPLE = {"cloud": ("chris", "sara", "lee"), "on_premises": ("kate", "david")}
FORWARDS = ("kate", "lee")
ELSEWHERE = ("mail ", "ns1 ", "ns2 ", "_25._tcp.mail ")
SHOP = 'shop IN TXT "v=spf1 ip4:203.0.113.70 -all"\n'
ROW_A_DOMAIN = (
    "exchange-online/Get-AcceptedDomain.json",
    "exchange-online/Get-DkimSigningConfig.json",
    "exchange-online/Get-RemoteDomain.json",
    "exchange-server/Get-AcceptedDomain.json",
)
ROW_A_PERSON = (
    "exchange-online/Get-CASMailbox.json",
    "exchange-online/Get-Mailbox.json",
    "exchange-online/Get-MailUser.json",
    "exchange-server/Get-Mailbox.json",
    "exchange-server/Get-RemoteMailbox.json",
)


def write(folder: Path, domains: int) -> None:
    """Write the plan of an organization with so many domains that have mail, contoso.com among them."""
    brands = [f"brand-{number}.example" for number in range(2, domains + 1)]
    parked = [f"parked-{number}.example" for number in range(1, domains // 10 + 1)]
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("messages"))
    some = brands[::5]
    _in_text(folder / "environment.yaml", brands, some)
    _parked(folder, parked)
    for brand in brands:
        shop = SHOP if brand in some else ""
        (folder / "zones" / f"{brand}.zone").write_text(_zone(brand) + shop, "utf-8")
    _certificates(folder / "certificates", brands)
    for name in (*ROW_A_DOMAIN, *ROW_A_PERSON):
        _in_json(folder / name, lambda rows: rows + [new for brand in brands for new in _of_brand(rows, brand)])
    if some:
        _devices(folder, some)
    _in_json(
        folder / "exchange-online/Get-OutboundConnector.json",
        lambda rows: [row | {"RecipientDomains": [*row["RecipientDomains"], *brands]} for row in rows],
    )


def _zone(brand: str) -> str:
    """Give the first domain's zone for another, without the hosts, which stay where they are."""
    lines = (SOURCE / "zones" / f"{FIRST}.zone").read_text("utf-8").splitlines()
    own = "\n".join(line for line in lines if not line.startswith(ELSEWHERE))
    return _renamed(own.replace(f"$ORIGIN {FIRST}.", f"$ORIGIN {brand}."), brand) + "\n"


def _parked(folder: Path, names: list[str]) -> None:
    """Add domains without mail, and let their reports come where the first domain's go."""
    zone = (DEVICES / "zones" / f"{PARKED}.zone").read_text("utf-8")
    reports = f'{PARKED}._report._dmarc IN TXT "v=DMARC1"\n'
    for name in names:
        (folder / "zones" / f"{name}.zone").write_text(zone.replace(f"$ORIGIN {PARKED}.", f"$ORIGIN {name}."), "utf-8")
    with (folder / "zones" / f"{FIRST}.zone").open("a", encoding="utf-8") as first:
        first.writelines(reports.replace(PARKED, name) for name in names)
    file = folder / "environment.yaml"
    domains = (f"  {name}: {{scenario: parked}}\n" for name in names)
    file.write_text(_with(file.read_text("utf-8"), "domains:\n", domains), "utf-8")


def _renamed(text: str, brand: str) -> str:
    """Name another domain in place of the first, the name below it, and its DKIM selectors."""
    text = text.replace(f"@{FIRST}", f"@{brand}").replace(f'"{FIRST}"', f'"{brand}"')
    text = text.replace(f'"{BELOW}"', f'"{BELOW.replace(FIRST, brand)}"')
    return text.replace(f"-{FIRST.replace('.', '-')}.", f"-{brand.replace('.', '-')}.")


def _in_text(file: Path, brands: list[str], some: list[str]) -> None:
    """Name the domains, their people, what the newsletter sends as and the applications of some in environment.yaml."""
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
        f"    dkim: {{{FIRST}: newsletter}}   # it signs as the domain, with this selector\n"
    )
    parties = [party.replace("newsletter:", f"newsletter-{n}:").replace(FIRST, b) for n, b in enumerate(brands, 2)]
    parties += [
        f"  shop-{n}:\n    sends_from: [203.0.113.70]\n    as: orders@shop.{b}\n    greets_as: mta.shop.example\n"
        for n, b in enumerate(some, 2)
    ]
    text = _with(text, party, parties)
    text = _with(text, f"signed_zones: [{FIRST}", (f",\n  {brand}" for brand in brands))
    devices = (
        "devices: {}                     # printers, scanners, applications that send: scenario-1-devices shows them\n"
    )
    text = text.replace(devices, "devices:\n" + "".join(map(_applications, some)) if some else devices)
    listens = "    listens: [131.107.21.232]\n"
    policies = (
        f"  {brand}:\n    policy: mta-sts/{FIRST}.txt\n    certificate: certificates/mta-sts.{brand}.pem\n{listens}"
        for brand in brands
    )
    text = _with(text, listens, policies)
    authority = "  - certificates/web-authority.pem\n"
    file.write_text(_with(text, authority, [authority.replace("web", "brands")]), "utf-8")


def _applications(brand: str) -> str:
    """Name an application that an own server relays for, and one that signs in."""
    label = brand.partition(".")[0]
    return (
        f"  monitoring-{label}:\n    way: own-server\n    sends_from: [131.107.21.234]\n"
        f"    as: monitoring@{brand}\n    sends_outside: true\n"
        f"  payroll-{label}:\n    way: client-submission\n    as: payroll@{brand}\n    sends_outside: true\n"
    )


def _devices(folder: Path, brands: list[str]) -> None:
    """Let the own server relay for the applications of some, and those sign in that do."""
    for name in ("exchange-server/Get-ReceiveConnector.json", "exchange-server/Get-ADPermission.json"):
        relay = [row for row in _rows(DEVICES / name) if row["Identity"] == "EX01\\Relay for devices EX01"]
        _in_json(folder / name, lambda rows, relay=relay: rows + relay)
    name = "exchange-online/Get-CASMailbox.json"
    (payroll,) = (row for row in _rows(DEVICES / name) if row["Name"] == "payroll")
    _in_json(folder / name, lambda rows: rows + [payroll | {"PrimarySmtpAddress": f"payroll@{b}"} for b in brands])


def _certificates(folder: Path, brands: list[str]) -> None:
    """Write the certificates of the hosts of the brands' MTA-STS policies, and of the authority that issues them.

    Keys and signatures follow from the names: they protect nothing, and the same numbers give the same files.
    """
    issuer, key = _name("Brands CA"), _key("Brands CA")
    authority = (
        _certificate(issuer, issuer, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    made = {"brands-authority": authority}
    for host in (f"mta-sts.{brand}" for brand in brands):
        made[host] = (
            _certificate(_name(host), issuer, _key(host))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
    for name, builder in made.items():
        signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
        (folder / f"{name}.pem").write_bytes(signed.public_bytes(Encoding.PEM))


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), _number(subject.rfc4514_string()))
    return builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2125, 12, 31, tzinfo=UTC)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(_number(text), ec.SECP256R1())


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _with(text: str, entry: str, more: Iterable[str]) -> str:
    """Put more behind an entry, which must be there."""
    before, found, after = text.partition(entry)
    if not found:
        raise ValueError(f"{SOURCE} no longer has {entry!r}")
    return before + entry + "".join(more) + after


def _rows(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def _in_json(file: Path, change: Any) -> None:
    file.write_text(json.dumps(change(_rows(file)), indent=1), "utf-8")


def _of_brand(rows: list[dict[str, Any]], brand: str) -> Iterator[dict[str, Any]]:
    """Give the rows that are about the first domain or its people, as those of another."""
    for row in rows:
        text = json.dumps({name: value for name, value in row.items() if name != "DistinguishedName"})
        if all(named not in text for named in (f'"{FIRST}"', f'"{BELOW}"', f"@{FIRST}")):
            continue
        label = brand.partition(".")[0]
        # People of one name have one address each in the tenant's own domains: chris.brand-7@contoso.onmicrosoft.com.
        for own in ("contoso.onmicrosoft.com", "contoso.mail.onmicrosoft.com"):
            text = text.replace(f"@{own}", f".{label}@{own}")
        yield json.loads(_renamed(text, brand))


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
