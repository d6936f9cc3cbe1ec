"""What is said of an export that cannot be read: every text, as the user sees it."""

import json
from pathlib import Path

import pytest

from mailflow.exchange import export, export_file
from mailflow.exchange.export import read_exchange_online, read_exchange_server
from mailflow.input_error import InputError, Mistake

SERVER = {"Get-SendConnector", "Get-ReceiveConnector", "Get-ExchangeCertificate"}


def again(cmdlet: str) -> str:
    return f"Export again: {cmdlet} | ConvertTo-Json -Depth 5 | Out-File {cmdlet}.json -Encoding utf8"


def complaint(folder: Path, cmdlet: str, written: bytes) -> str:
    (folder / f"{cmdlet}.json").write_bytes(written)
    read = read_exchange_server if cmdlet in SERVER else read_exchange_online
    with pytest.raises(InputError) as caught:
        read(folder, folder)
    return str(caught.value)


NO_JSON = [
    ("empty", "", "1: found nothing (did the cmdlet fail? where it found nothing, write [])"),
    ("blank", "\ufeff \r\n", "1: found nothing (did the cmdlet fail? where it found nothing, write [])"),
    ("html", "<!DOCTYPE html>", "1: found XML or HTML"),
    ("csv", '"Name","Enabled"\r\n"X","True"\r\n', "1: found CSV, as Export-Csv writes it"),
    ("csv with type", "#TYPE System.Object\nName\n", "1: found CSV, as Export-Csv writes it"),
    ("format-list", "\r\n\r\nName    : X\r\nEnabled : True\r\n", "1: found a list as Format-List writes it"),
    ("format-table", "\nName Enabled\n---- -------\nX    True\n", "1: found a table as Format-Table writes it"),
    ("words", "\n\nhello", "3: found no JSON (Expecting value), at 'hello'"),
    ("cut short", '[\n{"Name": "X",\n "Enabled":', "3: found no JSON (Expecting value), at the end of the file"),
    ("cut in a name", '{"Name": "X",\n "Ena', "2: found no property name in double quotes and colon, at '\"Ena'"),
    ("cut in a list", '[{"Name": "X"}\n', "2: found neither a comma nor ], at the end of the file"),
    ("no comma", '{"Name": "X"\n "Enabled": true}', "2: found neither a comma nor }, at '\"Enabled\": true}'"),
    ("wrong bracket", '[{"Name": "X"]\n]', "1: found neither a comma nor }, at ']'"),
    ("comma too many", '[{"Name": "X"},\n]', "2: found no JSON (Expecting value), at ']'"),
    ("single quotes", "{'Name': 'X'}", "1: found no property name in double quotes and colon, at ''Name': 'X'}'"),
    ("two values", '{"Name": "X"}\n[]', "2: found more text after the end of the JSON value, at '[]'"),
    ("wrapper", '{"value": []\n}', "2: found no \"Count\" and no } after the list in {\"value\": […]}, at '}'"),
    ("twice", '{"Name": "X",\n"name": "Y"}', "2: found the property 'name' a second time in one object"),
    ("twice inside", '{"A":\n{"": 1, "": 2}}',
     "2: found an object in which a name occurs twice, at '{\"\": 1, \"\": 2}}'"),
    ("NaN", '{"Name":\nNaN}', "2: found NaN, which is no JSON number, at 'NaN}'"),
    ("infinity", '{"Name": -Infinity}', "1: found -Infinity, which is no JSON number, at '-Infinity}'"),
    ("endless number", '{"Name": ' + "9" * 5000 + "}", f"1: found a number of thousands of digits, at '{'9' * 30}'"),
    ("endless nesting", '{"Name": ' + "[" * 200_000, f"1: found lists or objects nested without end, at '{'[' * 30}'"),
    ("endless nesting at once", "[" * 200_000, f"1: found lists or objects nested without end, at '{'[' * 30}'"),
    ("bad escape", '{"Name": "\\x"}', "1: found no JSON (Invalid \\escape), at '\\x\"}'"),
    ("NUL", "[\n\0]", "2: found a NUL character (UTF-16 without a byte order mark?)"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "found"), [pytest.param(*row[1:], id=row[0]) for row in NO_JSON])
def test_no_json(tmp_path: Path, written: str, found: str) -> None:
    said = complaint(tmp_path, "Get-InboundConnector", written.encode())
    assert said == (
        f"Get-InboundConnector.json:{found}; expected JSON as ConvertTo-Json writes it. {again('Get-InboundConnector')}"
    )


@pytest.mark.parametrize(
    ("written", "found"),
    [
        pytest.param(b"[\n" + "Köln".encode("latin-1"), "2: found octets that are no UTF-8", id="ANSI"),
        pytest.param(b"\xff\xfe[\x00\n\x00\x00", "2: found octets that are no UTF-16-LE", id="half a UTF-16 unit"),
        pytest.param(
            "[]".encode("utf-16-le"),
            "1: found a NUL character (UTF-16 without a byte order mark?)",
            id="UTF-16 without a mark",
        ),
    ],
)
def test_octets_that_are_no_text(tmp_path: Path, written: bytes, found: str) -> None:
    said = complaint(tmp_path, "Get-Mailbox", written)
    assert said == f"Get-Mailbox.json:{found}; expected JSON as ConvertTo-Json writes it. {again('Get-Mailbox')}"


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_file, "MAX_BYTES", 10)
    assert complaint(tmp_path, "Get-Mailbox", b"[         ]") == (
        "Get-Mailbox.json: found a file of more than 64 MiB; "
        f"expected at most that; Select-Object leaves out what is not read. {again('Get-Mailbox')}"
    )
    (tmp_path / "Get-Mailbox.json").write_bytes(b"[        ]")
    assert read_exchange_online(tmp_path, tmp_path).mailboxes == ()


def test_something_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "Get-Mailbox.json").mkdir()
    with pytest.raises(InputError) as caught:
        read_exchange_online(tmp_path, tmp_path)
    assert str(caught.value).startswith("Get-Mailbox.json: found something that is no file; expected JSON")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "exports").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        read_exchange_online(tmp_path / "exports", tmp_path)
    [mistake] = caught.value.mistakes
    assert (mistake.file, mistake.expected) == ("exports", "a folder with Get-….json files")


OTHERS = [
    ("Get-InboundConnector", {"Name": "X", "SmartHosts": [], "RecipientDomains": ["*"]}, "Get-OutboundConnector"),
    ("Get-OutboundConnector", {"Name": "X", "AddressSpaces": ["smtp:*;1"]}, "Get-SendConnector"),
    ("Get-SendConnector", {"Name": "X", "RemoteIPRanges": []}, "Get-ReceiveConnector"),
    ("Get-Mailbox", {"PrimarySmtpAddress": "a@b.c", "ExternalEmailAddress": "a@b.c"}, "Get-MailUser"),
    ("Get-MailUser", {"PrimarySmtpAddress": "a@b.c", "RemoteRoutingAddress": "a@b.c"}, "Get-RemoteMailbox"),
    ("Get-AcceptedDomain", {"DomainName": "b.c", "TargetDeliveryDomain": False}, "Get-RemoteDomain"),
]


@pytest.mark.parametrize(("cmdlet", "written", "other"), OTHERS, ids=[row[0] for row in OTHERS])
def test_objects_of_another_cmdlet(tmp_path: Path, cmdlet: str, written: object, other: str) -> None:
    assert complaint(tmp_path, cmdlet, json.dumps([written]).encode()) == (
        f"{cmdlet}.json:1: found what looks like {other}; expected objects of {cmdlet}. "
        f"Rename the file to {other}.json, or export {cmdlet}."
    )


INBOUND, OUTBOUND = "Get-InboundConnector", "Get-OutboundConnector"
SEND, RECEIVE = "Get-SendConnector", "Get-ReceiveConnector"
BOOLEAN = "true or false"
DOMAIN = "a domain name, *. and a domain name, or *"
HOST = "a host name or an address"
NETWORK = "an address, a range or a network"
RANGE = "a range from a lower to a higher address of one family"
PORT = "an address and a port such as 0.0.0.0:25"
COST = "a cost from 1 to 100 behind the domain"
GROUPS = "None, AnonymousUsers, ExchangeUsers, ExchangeServers, ExchangeLegacyServers, Partners or Custom"
TLS = "EncryptionOnly, CertificateValidation or DomainValidation"
VALUES = [
    (INBOUND, "RequireTls", "maybe", "'maybe'", BOOLEAN),
    (INBOUND, "RequireTls", 1, "the number 1", BOOLEAN),
    (INBOUND, "RequireTls", [True], "a list", BOOLEAN),
    (INBOUND, "ConnectorType", "OnPremise", "'OnPremise'", "OnPremises or Partner. Did you mean OnPremises?"),
    (INBOUND, "ConnectorType", False, "false", "OnPremises or Partner"),
    (INBOUND, "ConnectorType", {}, "an object", "OnPremises or Partner"),
    (INBOUND, "SenderIPAddresses", ["192.0.2.300"], "'192.0.2.300'", NETWORK),
    (INBOUND, "SenderIPAddresses", "192.0.2.0/33", "'192.0.2.0/33'", NETWORK),
    (INBOUND, "SenderDomains", ["smtp:con toso.com;1"], "'smtp:con toso.com;1'", DOMAIN),
    (INBOUND, "SenderDomains", ["a.*.com"], "'a.*.com'", DOMAIN),
    (INBOUND, "SenderDomains", [["*"]], "a list", "text"),
    (INBOUND, "EFUsers", [7], "the number 7", "text"),
    (INBOUND, "SenderDomains", ["System.Object[]"], "'System.Object[]'",
     DOMAIN + ". It was cut off: export again with ConvertTo-Json -Depth 5"),
    (OUTBOUND, "SmartHosts", ["mail..contoso.com"], "'mail..contoso.com'", HOST),
    (OUTBOUND, "SmartHosts", ["192.0.2.300"], "'192.0.2.300'", HOST),
    (OUTBOUND, "SmartHosts", [{"Name": "x"}], "an object",
     "an object with Domain, IPAddressToString, Address or HostName"),
    (OUTBOUND, "TlsSettings", "DomainValidatoin", "'DomainValidatoin'", TLS + ". Did you mean DomainValidation?"),
    (SEND, "AddressSpaces", ["smtp:*;0"], "'smtp:*;0'", COST),
    (SEND, "AddressSpaces", ["smtp:*;1e9"], "'smtp:*;1e9'", COST),
    (SEND, "AddressSpaces", ["smtp:*.;1"], "'smtp:*.;1'", "an address space such as smtp:contoso.com;1"),
    (SEND, "AddressSpaces", [None, {"Address": "*", "Cost": 1e999}], "an object", COST),
    (SEND, "TlsCertificateName", "CN=mail.contoso.com", "'CN=mail.contoso.com'", "<I>, the issuer, <S>, the subject"),
    (RECEIVE, "RemoteIPRanges", ["192.0.2.9-192.0.2.1"], "'192.0.2.9-192.0.2.1'", RANGE),
    (RECEIVE, "RemoteIPRanges", ["192.0.2.9-::1"], "'192.0.2.9-::1'", RANGE),
    (RECEIVE, "RemoteIPRanges", ["a-b-c"], "'a-b-c'", NETWORK),
    (RECEIVE, "PermissionGroups", "AnonymousUser, Partners", "'AnonymousUser'",
     GROUPS + ". Did you mean AnonymousUsers?"),
    (RECEIVE, "Bindings", ["0.0.0.0"], "'0.0.0.0'", PORT),
    (RECEIVE, "Bindings", ["0.0.0.0:65536"], "'0.0.0.0:65536'", PORT),
    (RECEIVE, "TlsDomainCapabilities", ["a.com:"], "'a.com:'",
     "a domain, a colon and a capability such as AcceptCloudServicesMail"),
]  # fmt: skip


@pytest.mark.parametrize(("cmdlet", "name", "value", "answer"), [(*row[:3], row[3:]) for row in VALUES])
def test_values_that_no_property_holds(
    tmp_path: Path, cmdlet: str, name: str, value: object, answer: tuple[str, str]
) -> None:
    found, expected = answer
    written = '{"Name": "X",\n' + json.dumps(name) + ":" + json.dumps(value).replace("Infinity", "1e999") + "}"
    noun = {INBOUND: "inbound", OUTBOUND: "outbound", SEND: "send", RECEIVE: "receive"}[cmdlet]
    said = complaint(tmp_path, cmdlet, written.encode())
    assert said.rstrip(".?") == (
        f"{cmdlet}.json:2: found {found} as {name} of {noun} connector 'X'; expected {expected}".rstrip(".?")
    )


def test_addresses_that_are_none(tmp_path: Path) -> None:
    assert complaint(tmp_path, "Get-Mailbox", b'{"PrimarySmtpAddress": "kate", "EmailAddresses": ["SMTP:@"]}') == (
        "Get-Mailbox.json:1: found 'kate' as PrimarySmtpAddress of mailbox 'kate'; "
        "expected a mailbox address such as kate@contoso.com.\n"
        "Get-Mailbox.json:1: found 'SMTP:@' as EmailAddresses of mailbox 'kate'; "
        "expected a mailbox address such as kate@contoso.com."
    )


@pytest.mark.parametrize("time", ["tomorrow", "/Date(999999999999999)/", "0001-01-01T00:00:00+14:00"])
def test_times_that_are_none(tmp_path: Path, time: str) -> None:
    written = json.dumps({"Thumbprint": "F1", "NotAfter": time}).encode()
    assert complaint(tmp_path, "Get-ExchangeCertificate", written) == (
        f"Get-ExchangeCertificate.json:1: found '{time}' as NotAfter of certificate 'F1'; "
        "expected a time such as 2027-01-31T23:59:59Z."
    )


def test_a_name_that_cannot_be_written_to_a_report(tmp_path: Path) -> None:
    assert complaint(tmp_path, INBOUND, b'{"Name": "a\\ud800b\\u001b[0m"}') == (
        "Get-InboundConnector.json:1: found 'a\\ud800b\\x1b[0m' as Name of inbound connector 'a\\ud800b\\x1b[0m'; "
        "expected a name without control characters."
    )


def test_an_object_without_its_name(tmp_path: Path) -> None:
    assert complaint(
        tmp_path, "Get-AcceptedDomain", b'[{"Default": true},\n{"DomainName": null}, {"DomainName": ""}]'
    ) == (
        "Get-AcceptedDomain.json:1: found no DomainName; expected a DomainName for each accepted domain.\n"
        "Get-AcceptedDomain.json:2: found null as DomainName; "
        "expected a DomainName for each accepted domain.\n"
        "Get-AcceptedDomain.json:2: found '' as DomainName; "
        "expected a DomainName for each accepted domain."
    )


def test_what_is_no_object(tmp_path: Path) -> None:
    said = complaint(tmp_path, INBOUND, b'["X",\n["Y"], 7]')
    assert [line.partition(";")[0] for line in said.splitlines()] == [
        "Get-InboundConnector.json:1: found a value that is no object",
        "Get-InboundConnector.json:2: found a value that is no object",
        "Get-InboundConnector.json:2: found a value that is no object",
    ]


def test_two_of_what_an_organization_has_one(tmp_path: Path) -> None:
    assert complaint(
        tmp_path, "Get-OrganizationConfig", b'[{"RejectDirectSend": true}, {"RejectDirectSend": false}]'
    ) == ("Get-OrganizationConfig.json: found 2 objects; expected one: an organization has one.")


def test_all_mistakes_of_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "Get-AcceptedDomain.json").write_bytes(b'[{"DomainName": "a b"}, {"DomainName": "c d"}]')
    (tmp_path / "Get-InboundConnector.json").write_bytes(b"?")
    (tmp_path / "Get-MailUser.json").write_bytes(b'{"PrimarySmtpAddress": 7}\n!')
    with pytest.raises(InputError) as caught:
        read_exchange_online(tmp_path, tmp_path)
    assert [(mistake.file, mistake.line, mistake.found) for mistake in caught.value.mistakes] == [
        ("Get-AcceptedDomain.json", 1, "'a b' as DomainName of accepted domain 'a b'"),
        ("Get-AcceptedDomain.json", 1, "'c d' as DomainName of accepted domain 'c d'"),
        ("Get-InboundConnector.json", 1, "no JSON (Expecting value), at '?'"),
        ("Get-MailUser.json", 1, "the number 7 as PrimarySmtpAddress of mail user"),
        ("Get-MailUser.json", 2, "more text after the end of the JSON value, at '!'"),
    ]


def test_a_file_of_mistakes_is_not_read_to_its_end(tmp_path: Path) -> None:
    said = complaint(tmp_path, INBOUND, b"[" + b"{}," * 100_000 + b"{}]")
    assert len(said.splitlines()) == export.MAX_MISTAKES


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("Get-SendConnector.json.txt", "Rename it to Get-SendConnector.json."),
        ("Get-SendConnectors.json", "Rename it to Get-SendConnector.json."),
        ("SendConnector.clixml", "Rename it to Get-SendConnector.clixml."),
        ("get-sendconnector (1).json", "Rename it to Get-SendConnector.json."),
        ("Get-SendConnector-EX01.json", "Rename it to Get-SendConnector.json."),
        (
            "Get-SendConnector.csv",
            (
                "A table keeps no lists. Export again: "
                "Get-SendConnector | ConvertTo-Json -Depth 5 | Out-File Get-SendConnector.json -Encoding utf8"
            ),
        ),
    ],
)
def test_an_export_under_another_name_is_told(tmp_path: Path, name: str, mend: str) -> None:
    (tmp_path / name).write_text("[]")
    with pytest.raises(InputError) as refused:
        read_exchange_server(tmp_path, tmp_path)
    expected = "one file for Get-SendConnector, named after it"
    assert refused.value.mistakes == (Mistake(name, None, "an export under another name", expected, mend),)
    (tmp_path / "Get-SendConnector.json").write_text("[]")
    read_exchange_server(tmp_path, tmp_path)


@pytest.mark.parametrize("name", ["Get-MailboxStatistics.json", "Get-ExchangeServer.json", "Get-RemoteDomain.json"])
def test_what_is_not_read_may_lie_beside(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("[]")
    read_exchange_server(tmp_path, tmp_path)
