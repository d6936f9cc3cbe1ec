"""Every kind of mistake, and the sentence that the user reads."""

# ruff: noqa: E501 - a sentence of one row stays in one line where that reads better

import os

import pytest

from mailflow.environment.load import load
from mailflow.input_error import InputError

DOMAIN = "{scenario: 4, mx: [mail.contoso.com]}"
ZONE = "zones/contoso.com.zone"
PEM = "certificates/mail.contoso.com.pem"
YAML = "environment.yaml"
WAIVER = "- {id: S4-MX-3, reason: r, risk: r, approver: a, ticket: t, from: 2026-12-01, until: 2026-12-31}\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # YAML
        (
            "organization: Contoso",
            "organization: Contoso\norganization: Fabrikam",
            "7: found 'organization' a second time (first in line 6); expected each key once. Join the two.",
        ),
        (
            "organization: Contoso",
            "\torganization: Contoso",
            (
                "6: found 'organization: Contoso'; expected blanks for indentation. "
                "Tabs and a leading @ or ` are not allowed in YAML."
            ),
        ),
        (
            "organization: Contoso",
            "organization: a: b",
            (
                "6: found 'organization: a: b'; expected one 'key: value' a line. "
                "Give the key above its colon, indent this one, or put a value with a colon in quotes."
            ),
        ),
        (
            "organization: Contoso",
            "organization: [a",
            (
                "8: found 'domains:' (in what begins in line 6); expected a comma or the closing bracket. "
                "Close every [ and {."
            ),
        ),
        (
            "organization: Contoso",
            "organization: &name Contoso",
            (
                "6: found 'organization: &name Contoso'; expected values written out. "
                'Write a leading * or & in quotes: "*".'
            ),
        ),
        (
            "organization: Contoso",
            "organization: *",
            ("6: found 'organization: *'; expected text. Write a leading * or & in quotes: \"*\"."),
        ),
        (
            "organization: Contoso",
            "organization: Contoso\n---\na: b",
            (
                "7: found '---' (in what begins in line 6); expected one document. "
                "Remove the line '---' in the middle of the file."
            ),
        ),
        (
            "organization: Contoso",
            "organization: Cont\x07so",
            "6: found the character U+0007; expected printable text. Remove it.",
        ),
        (
            "organization: Contoso",
            "? [a]\n: b\norganization: C",
            "6: found a list or mapping as a key; expected text as a key.",
        ),
        # keys
        (
            "on_premises:\n  exports",
            "on_premise:\n  exports",
            (
                "18: found the key 'on_premise'; expected one of the keys organization, domains, microsoft_365, on_premises, "
                "third_parties, devices, mailboxes, conditions, expects, outside, mta_sts, cutover, "
                "authorities, signed_zones, zones. "
                "Did you mean 'on_premises'?"
            ),
        ),
        (
            "      listens",
            "      listen",
            (
                "22: found the key 'listen'; expected one of the keys listens, sends_from, greets_as, exchange_name, "
                "edge_exports, certificate, dkim, changes_messages, other. Did you mean 'listens'?"
            ),
        ),
        (
            "organization: Contoso",
            "organization:",
            "6: found no key 'organization'; expected 'organization': The organization's name, as the report prints it.",
        ),
        (
            DOMAIN,
            "{mx: [mail.contoso.com]}",
            (
                "10: found no key 'scenario' under 'contoso.com'; "
                "expected 'scenario': The scenario that the domain is meant to follow: 1 to 4, or the word of another layout."
            ),
        ),
        (DOMAIN, "", "10: found nothing for 'contoso.com'; expected keys with values."),
        (f"contoso.com: {DOMAIN}", "{}", "8: found no keys for 'domains'; expected at least one entry."),
        # words
        (
            DOMAIN,
            "{scenario: 5}",
            "10: found '5' for 'scenario'; expected 1, 2, 3, 4 or a word such as all-in-cloud: the scenario of the domain.",
        ),
        (
            DOMAIN,
            "{scenario: 4, mx: mail.contoso.com}",
            "10: found 'mail.contoso.com' for 'mx'; expected a list. Write [mail.contoso.com].",
        ),
        (
            DOMAIN,
            "{scenario: 4, mx: [.mail.contoso.com]}",
            (
                "10: found '.mail.contoso.com' for 'mx'; expected a domain name "
                "(it has an empty label (a dot at the start, or two in a row)). Write 'mail.contoso.com'."
            ),
        ),
        (
            f"contoso.com: {DOMAIN}",
            f"con toso.com: {DOMAIN}",
            "10: found 'con toso.com'; expected a domain name (it is no domain name: 'con toso' is no label of one).",
        ),
        (
            "listens: [131.107.21.231]",
            "listens: [131.107.21.2311]",
            "22: found '131.107.21.2311' for 'listens'; expected an IP address such as 192.0.2.1 or 2001:db8::1.",
        ),
        (
            "listens: [131.107.21.231]",
            'listens: ["fe80::1%eth0"]',
            "22: found 'fe80::1%eth0' for 'listens'; expected an IP address such as 192.0.2.1 or 2001:db8::1.",
        ),
        (
            "as: news@contoso.com",
            "as: news",
            "30: found 'news' for 'as'; expected a mailbox address such as kate@contoso.com.",
        ),
        (
            "cloud: worldwide",
            "cloud: wordwide",
            "13: found 'wordwide' for 'cloud'; expected worldwide, gcc, gcc-high, dod or china. Did you mean 'worldwide'?",
        ),
        (
            "tenant: contoso ",
            "tenant: contoso.onmicrosoft.com ",
            (
                "14: found 'contoso.onmicrosoft.com' for 'tenant'; "
                "expected the tenant's name, the first label of its onmicrosoft.com domain. Write 'contoso'."
            ),
        ),
        (
            "3f1c6a52-0b7d-4e85-9a34-6c2f1d8e7b90",
            "3f1c",
            (
                "15: found '3f1c' for 'tenant_id'; expected the GUID of the tenant. "
                "The overview page of the Microsoft Entra admin center shows it as 'Tenant ID'."
            ),
        ),
        ("outside: true", "outside: maybe", "45: found 'maybe' for 'users_forward_outside'; expected true or false."),
        (
            "forwarding: allowed",
            "forwarding: alowed",
            "48: found 'alowed' for 'cloud_forwarding'; expected allowed or refused. Did you mean 'allowed'?",
        ),
        (
            "expects:",
            "cutover: {stage: before, at: 2026-12-05T22:00}\nexpects:",
            (
                "47: found '2026-12-05T22:00' for 'at'; expected date, time and offset such as 2026-12-05T22:00+01:00. "
                "Write '2026-12-05T22:00Z' if the time is UTC."
            ),
        ),
        (
            "exports: exchange-online/",
            "exports: exchange-online\\",
            "16: found 'exchange-online\\' for 'exports'; expected a path with forward slashes. Write 'exchange-online/'.",
        ),
        (
            "      exchange_name: EX01",
            "      other: {accepts_for: [], routes: [], starttls: true, relays_for: [192.0.2.1/24]}",
            (
                "24: found '192.0.2.1/24' for 'relays_for'; expected a network such as 192.0.2.0/24, or the word microsoft-365. "
                "Write '192.0.2.0/24'."
            ),
        ),
        # sections that contradict each other
        (
            DOMAIN,
            "{scenario: 4}",
            (
                "10: found no mx for 'contoso.com'; "
                "expected the name of a server under on_premises, where the MX of scenario 4 points."
            ),
        ),
        (
            DOMAIN,
            "{scenario: 3, mx: [mial.contoso.com]}",
            (
                "10: found the MX host 'mial.contoso.com'; "
                "expected the name of a server under on_premises, where the MX of scenario 3 points. "
                "Did you mean 'mail.contoso.com'?"
            ),
        ),
        (
            "third_parties:",
            "    mx2.contoso.com: {listens: [131.107.21.231], exchange_name: EX02}\nthird_parties:",
            "27: found 131.107.21.231, where 'mail.contoso.com' listens too; expected one server at an address.",
        ),
        (
            "third_parties:",
            "    mx2.contoso.com: {listens: [192.0.2.9], exchange_name: ex01}\nthird_parties:",
            (
                "27: found the exchange_name 'ex01' a second time (first: 'mail.contoso.com'); "
                "expected one name for each server."
            ),
        ),
        (
            "third_parties:",
            "    mx2.contoso.com: {listens: [192.0.2.9]}\nthird_parties:",
            (
                "27: found 'mx2.contoso.com' without a name in the exports; "
                "expected its exchange_name, as there are several Exchange servers."
            ),
        ),
        (
            "exchange_name: EX01",
            "exchange_name: EX02",
            "24: found the exchange_name 'EX02'; expected a server that connectors in the exports name: EX01.",
        ),
        (
            "third_parties:",
            "    mx2.contoso.com: {listens: [], exchange_name: EX02}\nthird_parties:",
            "27: found 'mx2.contoso.com' with no address; expected addresses under listens or sends_from.",
        ),
        (
            "      sends_from: [131.107.21.231]",
            "      other: {accepts_for: [], routes: [], starttls: true}\n      sends_from: [131.107.21.231]",
            (
                "21: found 'mail.contoso.com' with both exchange_name and other; "
                "expected one of them: exports describe an Exchange server."
            ),
        ),
        (
            "[203.0.113.60]",
            "[131.107.21.231]",
            "29: found 131.107.21.231, an address of 'mail.contoso.com'; expected an address of the third party's own.",
        ),
        (
            "[198.51.100.25]",
            "[192.0.2.25]",
            "58: found 192.0.2.25, an address of 'fabrikam.com'; expected one party at an address.",
        ),
        (
            "as: news@contoso.com",
            "as: news@fabrikam.com",
            "30: found 'news@fabrikam.com'; expected a sender in a domain of the organization (contoso.com).",
        ),
        (
            "david@contoso.com]",
            "david@contoso.con]",
            (
                "38: found 'david@contoso.con'; expected a mailbox in a domain of the environment (contoso.com). "
                "Did you mean 'david@contoso.com'?"
            ),
        ),
        (
            "david@contoso.com]",
            "chris@contoso.com]",
            "38: found 'chris@contoso.com' a second time; expected each mailbox once (it stands under cloud).",
        ),
        (
            "lee@contoso.com: lee",
            "leo@contoso.com: lee",
            (
                "41: found a forward from 'leo@contoso.com'; expected a mailbox listed under cloud or on_premises. "
                "Did you mean 'lee@contoso.com'?"
            ),
        ),
        (
            "lee@contoso.com: lee@tailspintoys.com",
            "lee@contoso.com: lee@contoso.com",
            "41: found a forward from 'lee@contoso.com' to itself; expected another address.",
        ),
        (
            "kate@tailspintoys.com, lee",
            "kate@tailspin.com, lee",
            "56: found 'kate@tailspin.com'; expected a mailbox in tailspintoys.com.",
        ),
        (
            "domains: [fabrikam.com]",
            "domains: [contoso.com]",
            "44: found 'contoso.com', a domain of the organization; expected domains of others, [] for none.",
        ),
        # named files
        (
            PEM,
            "certificates/mail.contoso.pem",
            (
                "25: found 'certificates/mail.contoso.pem', which is no file here; expected a file inside it. "
                "Did you mean 'certificates/mail.contoso.com.pem'?"
            ),
        ),
        (
            "exports: exchange-online/",
            "exports: exchange_online/",
            "16: found 'exchange_online/', which is no folder here; expected a folder inside this one.",
        ),
        (
            "  - certificates/authority.pem",
            "  - ../authority.pem",
            "69: found '../authority.pem', a path out of the folder; expected a path inside it.",
        ),
        (
            "mta-sts/contoso.com.txt",
            "mta-sts/contoso.txt",
            (
                "64: found 'mta-sts/contoso.txt', which is no file here; expected a file inside it. "
                "Did you mean 'mta-sts/contoso.com.txt'?"
            ),
        ),
        (
            "mta_sts:                        # who tells senders that the domain's mail travels by TLS alone\n  contoso.com:",
            "mta_sts:\n  contoso.org:",
            (
                "63: found an MTA-STS policy of 'contoso.org'; expected a domain of the environment (contoso.com). "
                "Did you mean 'contoso.com'?"
            ),
        ),
        (
            "signed_zones: [contoso.com]",
            "signed_zones: [contoso.org]",
            (
                "60: found the signed zone 'contoso.org'; expected the zone of a domain of the environment (contoso.com). "
                "Did you mean 'contoso.com'?"
            ),
        ),
        (
            "    listens: [131.107.21.232]\n",
            "    listens: []\n",
            "66: found an empty list for 'listens'; expected at least one entry.",
        ),
    ],
)
def test_a_mistake_in_the_environment_file(scenario_4, mistakes_of, old: str, new: str, told: str) -> None:
    scenario_4.replace(YAML, old, new)
    assert mistakes_of(scenario_4) == [f"{YAML}:{told}"]


def test_forwards_in_a_circle(scenario_4, mistakes_of) -> None:
    kate = "    kate@contoso.com: kate@tailspintoys.com"
    circle = (
        "kate@contoso.com: sara@contoso.com",
        "sara@contoso.com: kate@contoso.com",
        "david@contoso.com: kate@contoso.com",
    )
    scenario_4.replace(YAML, kate, "\n".join(f"    {one}" for one in circle))
    assert mistakes_of(scenario_4) == [  # david's mail ends in it, and it is not his
        f"{YAML}:{line}: found a forward from '{who}@contoso.com' that comes back to it; expected forwards that end at a "
        "mailbox."
        for line, who in ((40, "kate"), (41, "sara"))
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "MX   10 mail.contoso.com.",
            "MX   10 .mail.contoso.com",
            (
                ":16: found the MX host '.mail.contoso.com'; expected a host name. "
                "No host name starts with a dot: write 'mail.contoso.com.'. [S4-MX-3]"
            ),
        ),
        (
            "IN A    131.107.21.231",
            "IN A    131.107.21.2311",
            (
                ":21: found 'mail            IN A    131.107.21.2311'; expected a record such as 'A 192.0.2.1'. "
                "A zone reader says: Text input is malformed."
            ),
        ),
        (
            "IN MX ",
            "IN MXX ",
            (
                ":16: found '@               IN MXX   10 mail.contoso.com.'; expected a record type that DNS knows. "
                "Did you mean 'MX'?"
            ),
        ),
        (
            '-all"\n\nmail ',
            "-all\n\nmail ",
            (
                ":19: found '@               IN TXT  \"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 "
                "include:spf.protection.outlook.com -all'; expected a closing quotation mark. "
                "Text stands in quotes, within one line."
            ),
        ),
        (
            "autodiscover    IN",
            "mail            IN",
            (
                ":36: found 'mail            IN CNAME mail.contoso.com.'; "
                "expected a name with an alias and nothing else, or without one (RFC 1034 section 3.6.2)."
            ),
        ),
        (
            "$ORIGIN contoso.com.",
            "$ORIGIN fabrikam.com.",
            ":3: found the $ORIGIN 'fabrikam.com.'; expected names in contoso.com, after which the file is named.",
        ),
        (
            "ns2             IN A",
            "ns2.fabrikam.com. IN A",
            (
                ":39: found the name 'ns2.fabrikam.com.'; expected names in contoso.com, after which the file is named. "
                "Its records belong into the file of their own zone."
            ),
        ),
        (
            "ns2             IN A",
            "$INCLUDE /etc/passwd\nns2 IN A",
            ":39: found '$INCLUDE /etc/passwd'; expected records written out in this file.",
        ),
        (
            "ns2             IN A",
            "$GENERATE 1-4000000000 h$ A 192.0.2.1\nns2 IN A",
            ":39: found '$GENERATE 1-4000000000 h$ A 192.0.2.1'; expected records written out in this file.",
        ),
    ],
)
def test_a_mistake_in_a_zone(scenario_4, mistakes_of, old: str, new: str, told: str) -> None:
    scenario_4.replace(ZONE, old, new)
    assert mistakes_of(scenario_4) == [f"{ZONE}{told}"]


def test_a_record_without_a_time_to_live(scenario_4, mistakes_of) -> None:
    scenario_4.write(ZONE, "@ IN A 192.0.2.1\n")
    assert mistakes_of(scenario_4) == [
        f"{ZONE}:1: found '@ IN A 192.0.2.1'; expected a time to live. Write '$TTL 3600' as the first line of the file."
    ]


def test_all_mistakes_of_a_zone_at_once(scenario_4, mistakes_of) -> None:
    scenario_4.replace(ZONE, "MX   10 mail", "MX   10 .mail")
    scenario_4.replace(ZONE, "IN A    192.0.2.53", "IN A    192.0.2.530")
    scenario_4.replace(ZONE, "ns2             IN A", "ns2.fabrikam.com. IN A")
    assert [told.partition("; ")[0] for told in mistakes_of(scenario_4)] == [
        f"{ZONE}:16: found the MX host '.mail.contoso.com.'",
        f"{ZONE}:38: found 'ns1             IN A    192.0.2.530'",
        f"{ZONE}:39: found the name 'ns2.fabrikam.com.'",
    ]


def test_a_second_file_of_a_zone(scenario_4, mistakes_of) -> None:
    scenario_4.write("zones/CONTOSO.com.zone", "$TTL 60\n@ NS ns.contoso.com.\n")
    if len(list((scenario_4.path / "zones").iterdir())) == 2:
        pytest.skip("this file system takes both names for one")
    assert mistakes_of(scenario_4) == [
        f"{ZONE}: found a second file of the zone contoso.com; expected one file a zone."
    ]


def test_a_zone_with_the_line_ends_of_windows(scenario_4) -> None:
    text = (scenario_4.path / ZONE).read_bytes()
    scenario_4.write(ZONE, text.replace(b"\n", b"\r\n"))
    records = load(scenario_4.path).zones["contoso.com"].get_rdataset("contoso.com.", "TXT")
    assert [r.to_text() for r in records] == [
        '"v=spf1 ip4:131.107.21.231 ip4:203.0.113.60 include:spf.protection.outlook.com -all"'
    ]


def test_a_zone_file_named_after_no_zone(scenario_4, mistakes_of) -> None:
    scenario_4.write("zones/my plan.zone", "")
    assert mistakes_of(scenario_4) == [
        "zones/my plan.zone: found the file name 'my plan'; expected a zone file named after its zone: contoso.com.zone."
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"-----BEGIN EC PRIVATE KEY-----\n",
            (
                ":1: found a private key; expected certificates only. "
                "Remove the private key: it is not needed, and the folder is handed on."
            ),
        ),
        (
            b"0\x82\x01\x0a",
            (
                ": found a certificate in DER; expected the lines of '-----BEGIN CERTIFICATE-----'. "
                "openssl x509 -inform der -in certificate.cer -out mail.contoso.com.pem"
            ),
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ": found a certificate that cannot be read; expected X.509 certificates in PEM.",
        ),
        (b"x" * 70_000, ": found more than 65,536 bytes; expected at most 65,536 bytes."),
    ],
)
def test_a_mistake_in_a_certificate(scenario_4, mistakes_of, content: bytes, told: str) -> None:
    scenario_4.write(PEM, content)
    assert [t.removesuffix(".") for t in mistakes_of(scenario_4)] == [f"{PEM}{told}".removesuffix(".")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (WAIVER.replace("S4-MX-3", "s4_mx_3"), "1: found 's4_mx_3' for 'id'; expected a requirement's identifier such as S4-MX-3. Write 'S4-MX-3'."),
        (WAIVER.replace("2026-12-31", "31.12.2026"), "1: found '31.12.2026' for 'until'; expected a day such as 2026-12-31."),
        (WAIVER.replace("2026-12-31", "2026-11-30"), "1: found 'until' 2026-11-30 before 'from' 2026-12-01; expected a last day after the first."),
        (WAIVER + WAIVER.replace("ticket: t, ", ""), "2: found no key 'ticket' in entry 2; expected 'ticket': Where that is recorded."),
        (WAIVER.replace("risk", "risks"), "1: found the key 'risks'; expected one of the keys id, domain, reason, risk, approver, ticket, from, until. Did you mean 'risk'?"),
        ("id: S4-MX-3\n", "1: found keys with values; expected a list."),
    ],
)  # fmt: skip
def test_a_mistake_in_the_waivers(scenario_4, mistakes_of, content: str, told: str) -> None:
    scenario_4.write("waivers.yaml", content)
    assert mistakes_of(scenario_4) == [f"waivers.yaml:{told}"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "environment.yaml:1: found nothing; expected keys with values."),
        (b"organization: \xfc", "environment.yaml:1: found a byte that is no UTF-8 (0xfc); expected text in UTF-8. Save the file in the encoding UTF-8."),
        ("organization: X".encode("utf-16"), "environment.yaml:1: found text in UTF-16; expected text in UTF-8. Save the file in the encoding UTF-8."),
        (b"[" * 10_000, "environment.yaml:1: found more than 20 levels of nesting; expected an environment's few levels."),
        (b" " * 1_100_000, "environment.yaml: found more than 1,048,576 bytes; expected at most 1,048,576 bytes."),
    ],
)  # fmt: skip
def test_a_file_that_is_none(scenario_4, mistakes_of, content: bytes, told: str) -> None:
    scenario_4.write(YAML, content)
    assert mistakes_of(scenario_4) == [told]


def test_a_folder_without_an_environment_file(tmp_path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path.as_posix()}/environment.yaml: found no such file; expected a file."


def test_all_mistakes_of_an_environment_at_once(scenario_4, mistakes_of) -> None:
    scenario_4.replace(YAML, "cloud: worldwide", "cloud: moon")
    scenario_4.replace(YAML, "as: news@contoso.com", "as: news")
    scenario_4.write("waivers.yaml", WAIVER.replace("S4-MX-3", "x"))
    assert [told.partition(" found ")[0] for told in mistakes_of(scenario_4)] == [
        "environment.yaml:13:",
        "environment.yaml:30:",
        "waivers.yaml:1:",
    ]


def test_mistakes_of_all_named_files_at_once(scenario_4, mistakes_of) -> None:
    scenario_4.replace(ZONE, "MX   10 mail", "MX   10 .mail")
    scenario_4.write(PEM, b"x")
    scenario_4.write("waivers.yaml", WAIVER.replace("S4-MX-3", "x"))
    scenario_4.write("exchange-online/Get-Mailbox.json", "{")
    files = [told.partition(":")[0] for told in mistakes_of(scenario_4)]
    assert sorted(files) == sorted(["exchange-online/Get-Mailbox.json", ZONE, PEM, "waivers.yaml"])


def test_the_ranges_of_a_cloud_that_are_not_known(scenario_4, mistakes_of) -> None:
    scenario_4.replace(YAML, "cloud: worldwide", "cloud: dod")
    scenario_4.replace(
        YAML,
        "      exchange_name: EX01",
        "      other: {accepts_for: [], routes: [], starttls: true, accepts_from: [microsoft-365]}",
    )
    assert mistakes_of(scenario_4) == [
        (
            "environment.yaml:24: found microsoft-365 in accepts_from, in the cloud 'dod'; "
            "expected networks, as the kit does not know the ranges of this cloud."
        )
    ]


def test_a_hundred_mistakes_are_enough(scenario_4, mistakes_of) -> None:
    scenario_4.write(YAML, "".join(f"k{i}: v\n" for i in range(5000)))
    told = mistakes_of(scenario_4)
    assert len(told) == 101
    assert told[-1].endswith(": found more mistakes than these 100; expected these mended first.")


def test_exports_of_several_servers_demand_a_name(scenario_4, mistakes_of) -> None:
    scenario_4.replace(YAML, "      exchange_name: EX01       # the name in the exports\n", "")
    scenario_4.replace("exchange-server/Get-SendConnector.json", '"Name": "EX01"', '"Name": "EX02"')
    assert mistakes_of(scenario_4) == [
        "environment.yaml:21: found 'mail.contoso.com' without exchange_name; expected one of the exports' EX01 and EX02."
    ]


EX01 = "      exchange_name: EX01       # the name in the exports\n"


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (
            "      edge_exports: exchange-server/\n",
            "21: found 'mail.contoso.com' with edge_exports and no exchange_name; expected its name in the exports.",
        ),
        (
            "      exchange_name: EX01\n      edge_exports: exchange-server/\n",
            (
                "21: found the Edge Transport server 'mail.contoso.com' alone; expected an Exchange server beside it "
                "that holds the mailboxes; it may have a private address."
            ),
        ),
        (
            "      other: {accepts_for: [], routes: [], starttls: true}\n      edge_exports: exchange-server/\n",
            (
                "21: found 'mail.contoso.com' with both edge_exports and other; expected one of them: an Edge "
                "Transport server is Exchange."
            ),
        ),
        (
            (
                "      exchange_name: EX01\n      edge_exports: nowhere/\n    ex02.corp:\n      listens: [10.1.1.5]\n"
                "      exchange_name: EX01B\n"
            ),
            "25: found 'nowhere/', which is no folder here; expected a folder inside this one.",
        ),
    ],
)
def test_a_mistake_about_an_edge_server(scenario_4, mistakes_of, section: str, told: str) -> None:
    scenario_4.replace(YAML, EX01, section)
    assert mistakes_of(scenario_4) == [f"{YAML}:{told}"]


OUT = "found a path out of the environment's folder; expected a file inside it."


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (PEM, f"environment.yaml:25: found '{PEM}', a path out of the folder; expected a path inside it."),
        (ZONE, f"{ZONE}: {OUT}"),
        ("waivers.yaml", f"waivers.yaml: {OUT}"),
        ("exchange-online/Get-Mailbox.json", f"exchange-online/Get-Mailbox.json: {OUT}"),
        ("exchange-server/exported.json", f"exchange-server/exported.json: {OUT}"),
    ],
)
def test_a_link_out_of_the_folder_is_not_followed(scenario_4, mistakes_of, tmp_path, file: str, told: str) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    link = scenario_4.path / file
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(tmp_path / "secret")
    except OSError:
        pytest.skip("this system lets nobody make links")
    assert mistakes_of(scenario_4) == [told]


NEAR = "Did you mean 'certificates/mta-sts.contoso.com.pem'?"
NO_FILE = "found something that is no file; expected a file."


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (YAML, f"{YAML}: {NO_FILE}"),
        (ZONE, f"{ZONE}: {NO_FILE}"),
        ("waivers.yaml", f"waivers.yaml: {NO_FILE}"),
        (PEM, f"environment.yaml:25: found '{PEM}', which is no file here; expected a file inside it. {NEAR}"),
    ],
)
def test_a_pipe_is_not_waited_for(scenario_4, mistakes_of, file: str, told: str) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    path = scenario_4.path / file
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert mistakes_of(scenario_4) == [told]


def test_a_path_that_no_system_can_hold(scenario_4, mistakes_of) -> None:
    long = "a/" * 3000
    scenario_4.replace(YAML, "exports: exchange-online/", f"exports: {long}")
    assert mistakes_of(scenario_4) == [
        f"environment.yaml:16: found '{long}', which is no folder here; expected a folder inside this one."
    ]


CUTOVER = "cutover: {stage: before, at: 2026-12-05T22:00+01:00, %s}\nexpects:"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("before: then/", "found 'then/', which is no folder here; expected a folder inside this one."),
        ("before: ../x", "found '../x', a path out of the folder; expected a path inside it."),
        (
            "lowered: {ttl: 300, at: 2026-12-05T21:00Z}",
            (
                "found a TTL that is lowered at 2026-12-05T21:00:00+00:00; "
                "expected a moment before the change (2026-12-05T22:00:00+01:00)."
            ),
        ),
        (
            "lowered: {ttl: 5m, at: 2026-12-03T21:00Z}",
            "found '5m' for 'ttl'; expected a number of seconds such as 300.",
        ),
        (
            "lowered: {ttl: 300, at: 9999-12-31T23:00Z}",
            "found '9999-12-31T23:00Z' for 'at'; expected date, time and offset such as 2026-12-05T22:00+01:00.",
        ),
    ],
)
def test_a_change_that_is_told_wrongly(scenario_4, mistakes_of, written, told) -> None:
    scenario_4.replace(YAML, "expects:", CUTOVER % written)
    (mistake,) = mistakes_of(scenario_4)
    assert mistake.partition(": ")[2] == told


def test_what_was_before_is_read_like_the_plan(scenario_4, mistakes_of) -> None:
    scenario_4.replace(YAML, "expects:", CUTOVER % "before: before/")
    for folder in ("zones", "exchange-server"):
        (scenario_4.path / "before" / folder).mkdir(parents=True)
    scenario_4.write("before/zones/contoso.com.zone", "@ MX 10 .mail.contoso.com.\n")
    scenario_4.write("before/exchange-server/Get-SendConnector.json", "{")
    files = [told.partition(":")[0] for told in mistakes_of(scenario_4)]
    assert sorted(set(files)) == ["before/exchange-server/Get-SendConnector.json", "before/zones/contoso.com.zone"]


def test_the_four_scenarios_are_about_own_servers_and_so_are_mailboxes_on_them(scenario_4, mistakes_of) -> None:
    text = (scenario_4.path / YAML).read_text(encoding="utf-8")
    before, _, rest = text.partition("on_premises:\n")
    without = before + rest[rest.index("third_parties:") :]
    scenario_4.write(YAML, without)
    boxes = [
        f"{YAML}:29: found '{name}@contoso.com' without own servers; "
        "expected on_premises with the server that holds it."
        for name in ("kate", "david")
    ]
    assert mistakes_of(scenario_4) == [
        (
            f"{YAML}:10: found no on_premises, and scenario 4 for 'contoso.com'; "
            "expected the own servers, which the four scenarios are about."
        ),
        *boxes,
    ]
    scenario_4.write(YAML, without.replace("scenario: 4, mx: [mail.contoso.com]", "scenario: all-in-cloud"))
    assert mistakes_of(scenario_4) == boxes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "mx: [mx1.filter.example, ",
            "mx: [mx1.filtre.example, ",
            (
                "10: found the MX host 'mx1.filtre.example'; expected a server under on_premises or third_parties, or a host "
                "of Microsoft 365. Did you mean 'mx1.filter.example'?"
            ),
        ),
        (
            "listens: [203.0.113.11]",
            "listens: [203.0.113.10]",
            "38: found 203.0.113.10, an address of 'mx1.filter.example'; expected an address of the third party's own.",
        ),
        (
            "    as: news@contoso.com\n",
            "",
            (
                "51: found no as under 'newsletter'; "
                "expected from where it sends, and as whom; or the servers of a service that filters."
            ),
        ),
        (
            "certificate: certificates/mx.filter.example.pem",
            "certificate: certificates/mx.filter.example.pm",
            (
                "26: found 'certificates/mx.filter.example.pm', which is no file here; expected a file inside it. "
                "Did you mean 'certificates/mx.filter.example.pem'?"
            ),
        ),
    ],
)
def test_a_mistake_about_a_filtering_service(filtered, mistakes_of, old: str, new: str, told: str) -> None:
    filtered.replace(YAML, old, new)
    assert mistakes_of(filtered) == [f"{YAML}:{told}"]


@pytest.mark.parametrize("name", ["waivers.yml", "waiver.yaml"])
def test_waivers_under_another_name(scenario_4, mistakes_of, name: str) -> None:
    scenario_4.write(name, "- id: S4-MX-3\n")
    assert mistakes_of(scenario_4) == [
        f"{name}: found waivers under another name; expected the file waivers.yaml. Rename it to waivers.yaml."
    ]
