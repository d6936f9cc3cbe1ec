"""Zone files as name servers and providers write them: read as their writer means them, or refused with a word."""

import dns.rdatatype
import pytest

from mailflow.environment.load import load
from mailflow.environment.master_file import read_zone
from mailflow.input_error import InputError

FILE = "zones/contoso.com.zone"
SOA = "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 900 86400 300\n"

# The file that Windows DNS keeps of a zone, or dnscmd /ZoneExport writes: no $TTL, ages of records that clients enter.
WINDOWS = """\
;
;  Database file contoso.com.dns for contoso.com zone.
;      Zone version:  42
;

@                       IN  SOA dc01.contoso.com. hostmaster.contoso.com. (
                        \t\t42           ; serial number
                        \t\t900          ; refresh
                        \t\t600          ; retry
                        \t\t86400        ; expire
                        \t\t3600       ) ; default TTL

@                       600\tA\t192.0.2.9
                        MX\t10\tmail.contoso.com.
pc1                     [AGE:3645812]\t1200\tA\t192.0.2.33
@                       TXT\t( "v=spf1 -all" )
"""
# What BIND writes of a zone that it changes or fetches itself.
BIND = """\
$ORIGIN .
$TTL 3600\t; 1 hour
contoso.com\t\tIN SOA\tns1.contoso.com. hostmaster.contoso.com. (
\t\t\t\t1          ; serial
\t\t\t\t10800      ; refresh (3 hours)
\t\t\t\t3600       ; retry (1 hour)
\t\t\t\t604800     ; expire (1 week)
\t\t\t\t3600       ; minimum (1 hour)
\t\t\t\t)
\t\t\tMX\t10 mail.contoso.com.
$ORIGIN contoso.com.
$TTL 300\t; 5 minutes
mail\t\t\tA\t192.0.2.1
"""
AXFR = """
; <<>> DiG 9.18.28 <<>> axfr contoso.com @192.0.2.53
;; global options: +cmd
contoso.com.\t\t3600\tIN\tSOA\tns1.contoso.com. hostmaster.contoso.com. 42 900 600 86400 3600
CONTOSO.COM.\t\t300\tIN\tMX\t10 mail.contoso.com.
contoso.com.\t\t3600\tIN\tSOA\tns1.contoso.com. hostmaster.contoso.com. 42 900 600 86400 3600
;; XFR size: 3 records (messages 1, bytes 200)
"""


def _records(text: str) -> list[str]:
    zone = read_zone(text, FILE)
    return [
        f"{name} {records.ttl} {dns.rdatatype.to_text(records.rdtype)} {record}"
        for name, records in zone.iterate_rdatasets()
        for record in records
    ]


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (
            WINDOWS,
            [
                "contoso.com. 3600 SOA dc01.contoso.com. hostmaster.contoso.com. 42 900 600 86400 3600",
                "contoso.com. 600 A 192.0.2.9",
                "contoso.com. 3600 MX 10 mail.contoso.com.",
                'contoso.com. 3600 TXT "v=spf1 -all"',
                "pc1.contoso.com. 1200 A 192.0.2.33",
            ],
        ),
        (
            BIND,
            [
                "contoso.com. 3600 SOA ns1.contoso.com. hostmaster.contoso.com. 1 10800 3600 604800 3600",
                "contoso.com. 3600 MX 10 mail.contoso.com.",
                "mail.contoso.com. 300 A 192.0.2.1",
            ],
        ),
        (
            AXFR,
            [
                "contoso.com. 300 MX 10 mail.contoso.com.",
                "contoso.com. 3600 SOA ns1.contoso.com. hostmaster.contoso.com. 42 900 600 86400 3600",
            ],
        ),
        # RFC 1035 section 5.1: without $TTL the last time that was stated counts.
        (
            "@ 600 A 192.0.2.9\n  MX 10 mail\n",
            ["contoso.com. 600 A 192.0.2.9", "contoso.com. 600 MX 10 mail.contoso.com."],
        ),
    ],
)
def test_what_servers_write(text: str, records: list[str]) -> None:
    assert _records(text) == records


_NO_ZONE_FILE = (
    "expected a zone file (RFC 1035 section 5). Export the zone in the form that providers call BIND, or save what "
    "'dig @<name server> <zone> AXFR' prints; where neither can be had, write its records by hand: "
    "'@ 300 IN MX 10 mail.contoso.com.'"
)
_ALIAS = "Such an alias is its provider's own: write the A and AAAA records that he answers with."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ": found no record; expected the records of contoso.com, as they shall be published."),
        ("; later\n", ": found no record; expected the records of contoso.com, as they shall be published."),
        ('{"ResourceRecordSets": []}', f":1: found JSON; {_NO_ZONE_FILE}"),
        ("Type,Name,Value\nMX,@,mail", f":1: found a table (CSV); {_NO_ZONE_FILE}"),
        ("<!DOCTYPE html>", f":1: found XML or HTML; {_NO_ZONE_FILE}"),
        ('zone "contoso.com" {', f":1: found a configuration file of BIND; {_NO_ZONE_FILE}"),
        (
            "contoso.com 3600 IN SOA ns1 h 1 2 3 4 5",
            (
                ":1: found 'contoso.com 3600 IN SOA ns1 h 1 2 3 4 5'; expected a record such as 'SOA ns1.contoso.com. "
                "hostmaster.contoso.com. 2026112001 7200 3600 1209600 3600'. It is that of the whole zone: write '@' "
                "before it. Cloudflare exports the zone's name without its last dot."
            ),
        ),
        (
            "$ORIGIN contoso.com",
            (
                ":1: found the $ORIGIN 'contoso.com', which is contoso.com.contoso.com.; expected a name with its last "
                "dot. Write 'contoso.com.'."
            ),
        ),
        (
            "$TTL 60\n$ORIGIN .\nmail A 192.0.2.1",
            (
                ":3: found the name 'mail'; expected names in contoso.com, after which the file is named. "
                "Its records belong into the file of their own zone."
            ),
        ),
        (
            f"{SOA}@ A ALIAS Target resource id",
            f":3: found '@ A ALIAS Target resource id'; expected a record such as 'A 192.0.2.1'. {_ALIAS}",
        ),
        (f"{SOA}@ ANAME a.b.", f":3: found '@ ANAME a.b.'; expected a record as in RFC 1035 section 5. {_ALIAS}"),
        (
            f"{SOA}@ 0 WINS L1 C900 ( 192.0.2.1 )",
            (
                ":3: found '@ 0 WINS L1 C900 ( 192.0.2.1 )'; expected a record as in RFC 1035 section 5. "
                "Windows DNS alone knows it: take the line out."
            ),
        ),
        (
            f'{SOA}@ TXT "{"p" * 256}"',
            (
                f":3: found '@ TXT \"{'p' * 113}'; expected a record such as 'TXT \"v=spf1 -all\"'. A string has at "
                'most 255 octets: write several in one record, "v=DKIM1; k=rsa; p=MIIB…" "…".'
            ),
        ),
        (
            f"{SOA}@ TXT \u201cv=spf1 -all\u201d",
            (
                ':3: found the quotation mark \u201c; expected the quotation mark ". '
                "Word processors and web pages turn it."
            ),
        ),
        (
            f"{SOA}// MX",
            ":3: found '// MX'; expected a record as in RFC 1035 section 5. A comment begins with a semicolon.",
        ),
        (
            f"{SOA}@\u00a0MX 10 mail",
            (
                ":3: found '@\u00a0MX 10 mail'; expected a record such as 'MX 10 mail.contoso.com.'. "
                "U+00A0 is no blank: write a space, or a tab."
            ),
        ),
        (
            f"{SOA}@ MX 10 mail. contoso.com.",
            (
                ":3: found '@ MX 10 mail. contoso.com.'; expected a record such as 'MX 10 mail.contoso.com.'. "
                "'contoso.com.' stands behind a record that is whole."
            ),
        ),
        (
            f"{SOA}s1._domainkey CNAME a.b.\ns1._domainkey CNAME c.d.",
            (
                ":4: found 's1._domainkey CNAME c.d.'; expected a name with an alias and nothing else, or without one "
                "(RFC 1034 section 3.6.2)."
            ),
        ),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        read_zone(text, FILE)
    assert str(refused.value) == FILE + told


def test_the_same_alias_twice_is_one() -> None:
    assert _records(f"{SOA}a CNAME b.c.\na CNAME B.c.\n")[1:] == ["a.contoso.com. 3600 CNAME B.c."]


@pytest.mark.parametrize(
    "name", ["contoso.net.dns", "contoso.net.db", "db.contoso.net", "contoso.net.txt", "contoso.net.zone.txt"]
)
def test_a_zone_file_under_another_name_is_told(scenario_4, mistakes_of, name: str) -> None:
    scenario_4.write(f"zones/{name}", SOA)
    told = "found a zone file under another name; expected zone files named after their zone: contoso.com.zone."
    assert mistakes_of(scenario_4) == [f"zones/{name}: {told} Rename it to contoso.net.zone."]


def test_what_is_no_zone_file_lies_there_unread(scenario_4) -> None:
    scenario_4.write("zones/README.md", "# Ours\n")
    scenario_4.write("zones/.DS_Store", "\0")
    assert load(scenario_4.path).name == "scenario-4"
