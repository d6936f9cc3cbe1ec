"""The data of Microsoft's clouds."""

from datetime import date
from ipaddress import IPv6Network, ip_network

import pytest

from mailflow.exchange.cloud import CLOUDS, Cloud, cloud, is_microsoft_host, is_retired_host
from mailflow.exchange.known import Unknown


def test_worldwide() -> None:
    found = cloud("worldwide")
    assert (found.name, found.mx_suffix) == ("worldwide", "mail.protection.outlook.com")
    assert (found.spf_include, found.autodiscover) == ("spf.protection.outlook.com", "autodiscover.outlook.com")
    # ID 10 of "Office 365 URLs and IP address ranges".
    assert found.ranges == tuple(
        map(
            ip_network,
            (
                "40.92.0.0/15",
                "40.107.0.0/16",
                "52.100.0.0/14",
                "104.47.0.0/17",
                "2a01:111:f400::/48",
                "2a01:111:f403::/48",
            ),
        )
    )
    assert found.relay_pool == (ip_network("40.95.0.0/16"),)
    assert found.mx_host("contoso.com") == "contoso-com.mail.protection.outlook.com"
    assert found.mx_host("mail-archive.contoso.co.uk") == "mail-archive-contoso-co-uk.mail.protection.outlook.com"
    assert (found.derives("contoso.co.uk"), found.derives("mail-archive.contoso.co.uk")) == (True, False)
    assert not cloud("dod").derives("contoso.com")
    assert "ID 10" in found.source
    assert date.fromisoformat(found.read_on) == date(2026, 8, 14)


def test_gcc_has_the_names_and_ranges_of_worldwide() -> None:
    gcc, worldwide = cloud("gcc"), cloud("worldwide")
    assert gcc == Cloud(
        "gcc",
        worldwide.mx_suffix,
        worldwide.spf_include,
        worldwide.ranges,
        worldwide.relay_pool,
        worldwide.autodiscover,
        worldwide.read_on,
        worldwide.source,
    )


@pytest.mark.parametrize(
    ("name", "mx_suffix", "spf_include", "autodiscover"),
    [
        ("gcc-high", "mail.protection.office365.us", "spf.protection.office365.us", "autodiscover.office365.us"),
        ("dod", "mail.protection.office365.us", "spf.protection.office365.us", "autodiscover-dod.office365.us"),
        (
            "china",
            "mail.protection.partner.outlook.cn",
            "spf.protection.partner.outlook.cn",
            "autodiscover.partner.outlook.cn",
        ),
    ],
)
def test_the_others_by_name_with_ranges_unknown(name: str, mx_suffix: str, spf_include: str, autodiscover: str) -> None:
    found = cloud(name)
    assert (found.mx_suffix, found.spf_include, found.autodiscover) == (mx_suffix, spf_include, autodiscover)
    assert found.ranges == Unknown(f"the published ranges of the cloud {name} are not in microsoft_365.toml")
    assert found.relay_pool == Unknown(f"the relay pool of the cloud {name} is not in microsoft_365.toml")


@pytest.mark.parametrize("name", CLOUDS)
def test_every_cloud_is_dated_and_sourced(name: str) -> None:
    found = cloud(name)
    assert found.name == name
    assert date.fromisoformat(found.read_on)
    assert found.source.startswith("https://")
    assert is_microsoft_host(found.mx_host("contoso.com"))
    assert isinstance(found.ranges, Unknown) or any(isinstance(each, IPv6Network) for each in found.ranges)


def test_no_other_cloud() -> None:
    with pytest.raises(KeyError):
        cloud("germany")


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("contoso-com.mail.protection.outlook.com", True),
        ("Contoso-Com.Mail.Protection.Outlook.com.", True),
        ("contoso-com.o-v1.mx.microsoft", True),
        ("contoso.mail.protection.office365.us", True),
        ("contoso.mail.protection.partner.outlook.cn", True),
        ("mail.protection.outlook.com", False),  # a suffix and a name in certificates, no host
        ("contosomail.protection.outlook.com", False),
        ("mail.contoso.com", False),
        ("contoso-com.mail.protection.outlook.com.contoso.com", False),
        ("mail.messaging.microsoft.com", False),
        ("..mail.protection.outlook.com", False),
        ("", False),
    ],
)
def test_hosts_of_microsoft_365(name: str, ours: bool) -> None:
    assert is_microsoft_host(name) is ours


@pytest.mark.parametrize(
    ("name", "retired"),
    [
        ("mail.messaging.microsoft.com", True),
        ("MAIL.global.frontbridge.com.", True),
        ("contoso-com.mail.protection.outlook.de", True),
        ("contoso-com.mail.protection.outlook.com", False),
        ("messaging.microsoft.com", False),
        ("", False),
    ],
)
def test_retired_hosts(name: str, retired: bool) -> None:
    assert is_retired_host(name) is retired
