"""Which resolvers are asked: those of the machine, or those that somebody names."""

import sys
from pathlib import Path

import dns.resolver
import pytest

from mailflow.observe.dns_server import DnsServer, resolver, resolvers_of_the_system

RESOLV_CONF = pytest.mark.skipif(sys.platform == "win32", reason="Windows has its resolvers in the registry")


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", DnsServer("192.0.2.53", 53)),
        ("192.0.2.53:5353", DnsServer("192.0.2.53", 5353)),
        ("2001:db8::53", DnsServer("2001:db8::53", 53)),
        ("[2001:db8::53]", DnsServer("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", DnsServer("2001:db8::53", 5353)),
        ("::ffff:192.0.2.53", DnsServer("::ffff:192.0.2.53", 53)),
        ("[::ffff:192.0.2.53]:5353", DnsServer("::ffff:192.0.2.53", 5353)),
        ("fe80::1%eth0", DnsServer("fe80::1%eth0", 53)),
    ],
)
def test_addresses_of_resolvers(text: str, server: DnsServer) -> None:
    assert resolver(text) == server
    assert resolver(str(server)) == server


@pytest.mark.parametrize(
    "text",
    ["", "[]", ":53", "192.0.2", "ns1.contoso.com", "[192.0.2.53", "2001:db8::53]:53", "[2001:db8::53]5353"]
    + [f"192.0.2.53:{port}" for port in ("", "0", "65536", "-1", "dns", "٥٣")],
)
def test_what_is_no_address_of_a_resolver_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no address of a resolver; write it like 192\.0\.2\.53"):
        resolver(text)


def named(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the machine have this resolv.conf."""
    file = tmp_path / "resolv.conf"
    file.write_text(text, encoding="utf-8")
    original = dns.resolver.Resolver
    monkeypatch.setattr(dns.resolver, "Resolver", lambda: original(str(file)))


@RESOLV_CONF
def test_the_resolvers_of_the_machine_in_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named("search contoso.com\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n", monkeypatch, tmp_path)
    assert resolvers_of_the_system() == (DnsServer("192.0.2.53"), DnsServer("2001:db8::53"))


@RESOLV_CONF
@pytest.mark.parametrize("text", ["", "search contoso.com\n"])
def test_a_machine_without_a_resolver_is_told(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named(text, monkeypatch, tmp_path)
    with pytest.raises(ValueError, match="this machine names no DNS resolver"):
        resolvers_of_the_system()
