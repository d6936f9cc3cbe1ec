"""What Export-Clixml wrote is read as the JSON of the same objects is; and whatever else is in the file, harmlessly."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailflow.exchange import clixml_text, json_text
from mailflow.exchange.export import read_exchange_online, read_exchange_server
from mailflow.exchange.export_file import MAX_BYTES
from mailflow.exchange.export_text import ExportTextError, Property, Written
from mailflow.exchange.known import Known, Origin, Unknown
from mailflow.exchange.online import InboundConnector
from mailflow.exchange.server import AddressSpace, SendConnector
from mailflow.input_error import InputError

HERE = Path(__file__).parent
SAMPLES = {path.name: path.read_text(encoding="utf-8") for path in sorted((HERE / "clixml").iterdir())}
HEAD = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
NOWHERE = Origin("", 0)


def values(text: str) -> list[dict[str, object] | None]:
    """The objects of a CLIXML text, each as a dictionary."""
    return [
        None if each.properties is None else {own.name: own.value for own in each.properties.values()}
        for each in clixml_text.elements(text)
    ]


def value(inner: str) -> object:
    """The value of a property P that is written like this."""
    [found] = values(f'{HEAD}<Obj RefId="0"><MS>{inner}</MS></Obj></Objs>')
    assert found is not None
    return found["P"]


def without_origin(objects: Known[Iterable[Any]]) -> list[Any]:
    assert not isinstance(objects, Unknown)
    return [replace(each, origin=NOWHERE) for each in objects]


# ── the samples: the same objects as in exports/, as the management shell of Exchange Server writes them

ENCODINGS = [
    pytest.param("utf-16", "\r\n", id="UTF-16, as Windows PowerShell writes"),
    pytest.param("utf-8-sig", "\r\n", id="UTF-8 with a mark"),
    pytest.param("utf-8", "\n", id="UTF-8, as PowerShell 7 writes"),
]


@pytest.mark.parametrize(("encoding", "newline"), ENCODINGS)
def test_the_samples_equal_their_json(tmp_path: Path, encoding: str, newline: str) -> None:
    for name, text in SAMPLES.items():
        (tmp_path / name).write_bytes(text.replace("\n", newline).encode(encoding))

    server = read_exchange_server(tmp_path, tmp_path)
    as_json = read_exchange_server(HERE / "exports" / "exchange-server", HERE)
    assert without_origin(server.accepted_domains) == without_origin(as_json.accepted_domains)
    assert without_origin(server.send_connectors) == without_origin(as_json.send_connectors)
    assert without_origin(server.receive_connectors) == without_origin(as_json.receive_connectors)

    (tmp_path / "Get-AcceptedDomain.clixml").unlink()  # the tenant has its own
    online = read_exchange_online(tmp_path, tmp_path)
    as_json_online = read_exchange_online(HERE / "exports" / "exchange-online", HERE)
    assert without_origin(online.inbound_connectors) == without_origin(as_json_online.inbound_connectors)


def test_every_property_knows_its_line() -> None:
    server = read_exchange_server(HERE / "clixml", HERE)
    assert not isinstance(server.send_connectors, Unknown)
    [to_tenant, internet] = server.send_connectors
    lines = SAMPLES["Get-SendConnector.clixml"].splitlines()
    assert to_tenant.origin == Origin("clixml/Get-SendConnector.clixml", 2)
    assert internet.origin.line == 1 + lines.index('  <Obj RefId="11">')
    assert to_tenant.origin.of("TlsAuthLevel") == "clixml/Get-SendConnector.clixml:23"
    reference = lines.index('      <Ref N="SourceTransportServers" RefId="9" />')
    assert internet.origin.of("SourceTransportServers") == f"clixml/Get-SendConnector.clixml:{reference + 1}"


# ── values


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ('<S N="P">a &lt;b&gt; &amp; &#x263A;</S>', "a <b> & ☺"),
        ('<S N="P"> \n </S>', " \n "),
        ('<S N="P"><![CDATA[<I>]]></S>', "<I>"),
        ('<S N="P">a_x000D__x000A_b_x005F_x0041_ _x00e4_</S>', "a\r\nb_x0041_ ä"),
        ('<S N="P">_xD83D__xDE00_</S>', "😀"),
        ('<S N="P">_xD83D_</S>', "\ud83d"),
        ('<S N="P">_x_ _x00_ _X</S>', "_x_ _x00_ _X"),
        ('<S N="P">a_X000A_b</S>', "a\nb"),
        ('<S N="_x0050_">by its name</S>', "by its name"),
        ('<B N="P">true</B>', True),
        ('<B N="P">false</B>', False),
        ('<Nil N="P" />', None),
        ('<C N="P">97</C>', "a"),
        ('<By N="P">255</By>', 255),
        ('<SB N="P">-128</SB>', -128),
        ('<I32 N="P">25</I32>', 25),
        ('<U64 N="P">18446744073709551615</U64>', 18446744073709551615),
        ('<I64 N="P">-9223372036854775808</I64>', -9223372036854775808),
        ('<Db N="P">5.7870370370370366E-05</Db>', 5.7870370370370366e-05),
        ('<D N="P">0.10</D>', 0.1),
        ('<DT N="P">2026-08-21T10:43:54+02:00</DT>', "2026-08-21T10:43:54+02:00"),
        ('<TS N="P">PT10M</TS>', "PT10M"),
        ('<G N="P">75d6aeb5-cd4a-4c58-ab2c-76304ea198ab</G>', "75d6aeb5-cd4a-4c58-ab2c-76304ea198ab"),
        ('<URI N="P">https://mail.contoso.com/</URI>', "https://mail.contoso.com/"),
        ('<Version N="P">15.2.1011.0</Version>', "15.2.1011.0"),
        ('<XD N="P">&lt;a /&gt;</XD>', "<a />"),
        ('<SBK N="P">$_.Name</SBK>', "$_.Name"),
        *(
            (f'<Obj N="P" RefId="1"><{tag}><I32>1</I32><Nil /><S>b</S></{tag}></Obj>', [1, None, "b"])
            for tag in ("LST", "IE", "STK", "QUE")
        ),
        ('<Obj N="P"><LST /><Props><I32 N="Capacity">4</I32></Props></Obj>', []),
        (
            ('<Obj N="P"><DCT><En><S N="Key">a</S><I32 N="Value">1</I32></En>'
             '<En><I32 N="Key">7</I32><Nil N="Value" /></En></DCT></Obj>'),
            {"a": 1, "7": None},
        ),
        ('<Obj N="P"><ToString>Hub, Mailbox</ToString><I32>34</I32></Obj>', "Hub, Mailbox"),
        ('<Obj N="P"><I32>34</I32><MS><S N="Note">x</S></MS></Obj>', 34),
        ('<Obj N="P"><S>text</S><MS><S N="Note">x</S></MS></Obj>', "text"),
        ('<Obj N="P"><B>true</B><ToString>True</ToString></Obj>', True),
        ('<Obj N="P"><DT>2027-01-31T23:59:59Z</DT><MS><I32 N="DisplayHint">2</I32></MS></Obj>', "2027-01-31T23:59:59Z"),
        ('<Obj N="P"><ToString>192.0.2.1</ToString><MS><BA N="SerializationData">AA==</BA></MS></Obj>', "192.0.2.1"),
        ('<Obj N="P"><ToString /></Obj>', {}),
        ('<Obj N="P" />', {}),
        (
            '<Obj N="P"><ToString>EX01\\Relay</ToString><Props><S N="Name">Relay</S></Props></Obj>',
            {"Name": "Relay", "ToString": "EX01\\Relay"},
        ),
        (
            '<Obj N="P"><ToString>Microsoft.Exchange.Data.X</ToString><Props><S N="Name">Relay</S></Props></Obj>',
            {"Name": "Relay"},
        ),
        # What PowerShell added stands before what the type has; a property set is no property.
        (
            ('<Obj N="P"><Props><I32 N="A">1</I32><I32 N="B">1</I32></Props>'
             '<MS><I32 N="b">2</I32><MS N="Set"><S N="A">x</S></MS></MS></Obj>'),
            {"A": 1, "b": 2},
        ),
        ('<Obj N="P"><MS><I32 N="b">2</I32></MS><Props><I32 N="B">1</I32></Props></Obj>', {"b": 2}),
        # Octets and secure strings are not kept.
        ('<Obj N="P"><MS><S N="UserName">x</S><SS N="Password">700061007300</SS></MS></Obj>', {"UserName": "x"}),
        ('<Obj N="P"><LST><BA>AA==</BA><SS>7000</SS><S>x</S></LST></Obj>', ["x"]),
        # References: to an object before, to a list, and to the object that encloses them.
        ('<Obj N="Q" RefId="1"><LST><S>a</S></LST></Obj><Ref N="P" RefId="1" />', ["a"]),
        ('<Obj N="P" RefId="1"><LST><Ref RefId="1" /><Ref RefId="0" /></LST></Obj>', [{}, {}]),
        ('<!-- a comment --><?an instruction?><I32 N="P"> 7 </I32>', 7),
    ],
)  # fmt: skip
def test_values(inner: str, expected: object) -> None:
    found = value(inner)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, dict)  # True is not 1


# ── what is exported: objects one after another, a list of them, none


def test_a_list_is_what_is_in_it() -> None:
    listed = (
        f'{HEAD}\n<Obj RefId="0"><LST>\n<Obj RefId="1"><MS>\n<S N="Name">X</S></MS></Obj>\n<S>y</S></LST></Obj></Objs>'
    )
    assert list(clixml_text.elements(listed)) == [Written(3, {"name": Property("Name", "X", 4)}), Written(5, None)]


@pytest.mark.parametrize("inner", ["", "<Nil />", '<Obj RefId="0"><LST /></Obj>', "<!-- nothing -->"])
def test_nothing_is_empty_and_known(tmp_path: Path, inner: str) -> None:
    (tmp_path / "Get-TransportRule.clixml").write_text(f"{HEAD}{inner}</Objs>", encoding="utf-16")
    assert read_exchange_online(tmp_path, tmp_path).transport_rules == ()


def test_an_object_that_is_referred_to_is_exported_again() -> None:
    text = f'{HEAD}<Obj RefId="0"><MS><S N="Name">X</S></MS></Obj>\n<Ref RefId="0" /></Objs>'
    properties = {"name": Property("Name", "X", 1)}
    assert list(clixml_text.elements(text)) == [Written(1, properties), Written(2, properties)]


@pytest.mark.parametrize("declared", ["utf-16", "utf-8", "us-ascii", "x-nobody-knows"])
def test_the_encoding_is_that_of_the_octets_and_not_the_declared_one(declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>{HEAD}<Obj><MS><S N="Name">Köln</S></MS></Obj></Objs>'
    assert values(text) == [{"Name": "Köln"}]


def test_unknown_sentences_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "get-sendconnector.XML").write_text(
        f'{HEAD}<Obj><MS><S N="Name">X</S>\n<Nil N="Enabled" />'
        '<Obj N="AddressSpaces"><LST><S>SMTP:*;3</S></LST></Obj></MS></Obj></Objs>',
        encoding="utf-8",
    )
    server = read_exchange_server(tmp_path, tmp_path)
    assert not isinstance(server.send_connectors, Unknown)
    [connector] = server.send_connectors
    assert isinstance(connector, SendConnector)
    assert connector.address_spaces == (AddressSpace("*", 3),)
    assert connector.enabled == Unknown("Enabled has no value in get-sendconnector.XML:2 (send connector 'X')")
    assert connector.fqdn == Unknown("Fqdn is not in get-sendconnector.XML:1 (send connector 'X')")
    assert server.receive_connectors == Unknown("Get-ReceiveConnector.json was not supplied")


# ── any object comes back the same from both forms

# XML 1.0 has no place for most control characters, and a surrogate alone is no character: PowerShell escapes them.
ESCAPED = "".join(map(chr, [*range(32), *range(127, 160)]))


def encoded(text: str) -> str:
    return "".join(
        f"_x{ord(sign):04X}_" if sign in ESCAPED or (sign == "_" and text[at + 1 : at + 2] in ("x", "X")) else sign
        for at, sign in enumerate(text)
    )


def clixml(value: object, name: str | None = None) -> str:
    """Write a value of JSON as Export-Clixml writes the same."""
    attribute = "" if name is None else f" N={quoteattr(encoded(name))}"
    match value:
        case None:
            return f"<Nil{attribute} />"
        case bool():
            return f"<B{attribute}>{str(value).lower()}</B>"
        case int():
            return f"<I64{attribute}>{value}</I64>"
        case float():
            return f"<Db{attribute}>{value!r}</Db>"
        case str():
            return f"<S{attribute}>{escape(encoded(value))}</S>"
        case list():
            return f"<Obj{attribute}><LST>{''.join(map(clixml, value))}</LST></Obj>"
        case dict():
            return f"<Obj{attribute}><MS>{''.join(clixml(each, own) for own, each in value.items())}</MS></Obj>"
    raise AssertionError(value)


NO_NUMBER = {"allow_nan": False, "allow_infinity": False}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(**NO_NUMBER) | TEXT


def objects_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, values, max_size=4).filter(
        lambda row: len({name.lower() for name in row}) == len(row)
    )


VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | objects_of(inner))
ROWS = st.lists(objects_of(VALUES), max_size=4)


@given(ROWS)
@example([{"P": "_x000A_", "Q": "\r\n\t _X", "<&\">'\n": "]]>"}])
def test_both_forms_give_the_same_objects(rows: list[dict[str, object]]) -> None:
    from_clixml = clixml_text.elements(f"{HEAD}{''.join(map(clixml, rows))}</Objs>")
    from_json = json_text.elements(json.dumps(rows))
    assert list(from_clixml) == list(from_json)  # the lines too: both texts have one


@given(ROWS)
def test_every_property_stands_on_the_line_of_its_element(rows: list[dict[str, object]]) -> None:
    text = HEAD + "".join(
        "\n<Obj><MS>" + "".join("\n" + clixml(each, name) for name, each in row.items()) + "</MS></Obj>" for row in rows
    )
    line = 1
    for row, written in zip(rows, clixml_text.elements(text + "</Objs>"), strict=True):
        line += 1
        assert written.line == line
        assert written.properties is not None
        assert [own.line for own in written.properties.values()] == list(range(line + 1, line + 1 + len(row)))
        line += len(row)


BOOLEANS = st.booleans() | st.none()
INBOUND = st.fixed_dictionaries(
    {"Name": st.text("abc ", min_size=1).filter(str.strip)},
    optional={
        "Enabled": BOOLEANS,
        "ConnectorType": st.sampled_from(["OnPremises", "partner", "7"]) | st.none() | st.integers(0, 3),
        "SenderDomains": st.lists(st.sampled_from(["smtp:*;1", "contoso.com", "*.contoso.com"])),
        "SenderIPAddresses": st.lists(st.ip_addresses().map(str)) | st.none(),
        "TlsSenderCertificateName": st.sampled_from(["*.contoso.com", "mail.contoso.com", "", "<I>CN=A<S>CN=B"]),
        "RequireTls": BOOLEANS | st.sampled_from(["True", "false"]),
        "EFUsers": st.lists(st.sampled_from(["kate@contoso.com", ""])) | st.just("a@b.c, d@e.f"),
    },
)


@given(st.lists(INBOUND, max_size=3))
def test_both_forms_give_the_same_connectors(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    def read(name: str, text: str) -> Known[tuple[InboundConnector, ...]]:
        folder = tmp_path_factory.mktemp("exports")
        (folder / name).write_text(text, encoding="utf-8")
        return read_exchange_online(folder, folder).inbound_connectors

    as_json = read("Get-InboundConnector.json", json.dumps(rows))
    as_clixml = read("Get-InboundConnector.xml", f"{HEAD}{''.join(map(clixml, rows))}</Objs>")
    # Origins, and what is not known, name the file; all else is equal, the lines too.
    assert repr(as_clixml).replace(".xml", ".json") == repr(as_json)


# ── mistakes


def complaint(folder: Path, name: str, written: bytes) -> str:
    (folder / name).write_bytes(written)
    with pytest.raises(InputError) as caught:
        read_exchange_online(folder, folder)
    return str(caught.value)


AGAIN = "Export again: Get-InboundConnector | Export-Clixml Get-InboundConnector.clixml"
BOMB = '<!DOCTYPE Objs [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = [
    ("empty", "", "1: found nothing (did the cmdlet fail? where it found nothing, write <Objs/>)"),
    ("html", "<html>\n</html>", "1: found the element 'html' in place of Objs"),
    ("csv", '"Name","Enabled"\r\n"X","True"\r\n', "1: found CSV, as Export-Csv writes it"),
    ("output of powershell.exe", f"#< CLIXML\r\n{HEAD}</Objs>",
     "1: found CLIXML for another process, as powershell.exe writes it to its output"),
    ("words", "hello", "1: found no XML (syntax error)"),
    ("cut short", f'{HEAD}\n<Obj RefId="0">\n<Props>\n', "4: found a file that ends before its elements do"),
    ("cut in a tag", f'{HEAD}\n<Obj Ref', "2: found a file that ends before its elements do"),
    ("cut in CDATA", f'{HEAD}\n<S><![CDATA[x', "2: found a file that ends before its elements do"),
    ("crossed", f"{HEAD}\n<Obj></S></Objs>", "2: found no XML (mismatched tag)"),
    ("two roots", f"{HEAD}</Objs>\n{HEAD}</Objs>", "2: found no XML (junk after document element)"),
    ("a control character", f"{HEAD}<S>\n\x1b[2J</S></Objs>", "2: found no XML (not well-formed (invalid token))"),
    ("an attribute twice", f'{HEAD}<S N="a" N="b" /></Objs>', "1: found no XML (duplicate attribute)"),
    ("laughs", f"{BOMB}\n{HEAD}<S>&b;</S></Objs>",
     "1: found a document type declaration, which may define entities"),
    ("outside", f'<!DOCTYPE Objs SYSTEM "file:///etc/passwd">\n{HEAD}</Objs>',
     "1: found a document type declaration, which may define entities"),
    ("a document type later", f'\n<!-- -->\n<!DOCTYPE Objs [<!ENTITY % p SYSTEM "http://192.0.2.1/x">%p;]>{HEAD}</Objs>',
     "3: found a document type declaration, which may define entities"),
    ("an entity", f"{HEAD}<S>&xxe;</S></Objs>", "1: found no XML (undefined entity)"),
    ("depth", HEAD + "\n<Obj><LST>" * 100_000, "101: found lists or objects nested without end"),
    ("an unknown element", f"{HEAD}\n<Thing /></Objs>", "2: found the element 'Thing' in Objs"),
    ("Objs again", f"{HEAD}\n{HEAD}</Objs></Objs>", "2: found the element 'Objs' in Objs"),
    ("an element in a value", f"{HEAD}\n<S>a<B>true</B></S></Objs>", "2: found the element 'B' in S"),
    ("text between", f"{HEAD}\n<Obj>\nabc</Obj></Objs>", "3: found 'abc' between elements"),
    ("no such object", f'{HEAD}\n<Ref RefId="7" /></Objs>',
     "2: found a reference to the object '7', which is not before it"),
    ("a reference to nothing", f"{HEAD}\n<Ref /></Objs>",
     "2: found a reference to the object '', which is not before it"),
    ("twice", f'{HEAD}<Obj><MS>\n<S N="Name">X</S>\n<S N="name">Y</S></MS></Obj></Objs>',
     "3: found the property 'name' a second time in one object"),
    ("no name", f"{HEAD}<Obj><MS>\n<S>X</S></MS></Obj></Objs>", "2: found a property without a name"),
    ("no key", f'{HEAD}<Obj><DCT>\n<En><S N="Value">X</S></En></DCT></Obj></Objs>',
     "2: found an entry of a dictionary without a key"),
    ("a list as key", f'{HEAD}<Obj><DCT>\n<En><Obj N="Key"><LST /></Obj></En></DCT></Obj></Objs>',
     "2: found an entry of a dictionary without a key"),
    ("maybe", f"{HEAD}\n<B>maybe</B></Objs>", "2: found 'maybe' as B"),
    ("no number", f"{HEAD}\n<I32>0x10</I32></Objs>", "2: found '0x10' as I32"),
    ("no double", f"{HEAD}\n<Db>much</Db></Objs>", "2: found 'much' as Db"),
    ("no character", f"{HEAD}\n<C>-1</C></Objs>", "2: found '-1' as C"),
    ("endless number", f"{HEAD}\n<I64>{'9' * 5000}</I64></Objs>", f"2: found '{'9' * 57}…' as I64"),
    ("endless double", f"{HEAD}\n<Db>{'9' * 5000}</Db></Objs>", f"2: found '{'9' * 57}…' as Db"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "found"), [pytest.param(*row[1:], id=row[0]) for row in HOSTILE])
def test_no_clixml(tmp_path: Path, written: str, found: str) -> None:
    said = complaint(tmp_path, "Get-InboundConnector.clixml", written.encode())
    assert said == f"Get-InboundConnector.clixml:{found}; expected CLIXML as Export-Clixml writes it. {AGAIN}"


CONNECTOR = f'{HEAD}<Obj RefId="0"><MS><S N="Name">X</S>\n'
MENDED = [
    (
        "in a .json",
        ("Get-Mailbox.json", f"\ufeff<?xml version='1.0'?>\n{HEAD}</Objs>"),
        (
            "1: found CLIXML as Export-Clixml writes it; expected JSON as ConvertTo-Json writes it. "
            "Rename the file to Get-Mailbox.clixml."
        ),
    ),
    (
        "JSON in a .xml",
        ("Get-Mailbox.xml", "\n[]"),
        (
            "1: found JSON as ConvertTo-Json writes it; expected CLIXML as Export-Clixml writes it. "
            "Rename the file to Get-Mailbox.json."
        ),
    ),
    (
        "another cmdlet",
        ("Get-InboundConnector.clixml", f'{CONNECTOR}<Nil N="RecipientDomains" /></MS></Obj></Objs>'),
        (
            "1: found what looks like Get-OutboundConnector; expected objects of Get-InboundConnector. "
            "Rename the file to Get-OutboundConnector.clixml, or export Get-InboundConnector."
        ),
    ),
    (
        "no object",
        ("Get-InboundConnector.clixml", f"{HEAD}\n<S>X</S></Objs>"),
        f"2: found a value that is no object; expected objects of Get-InboundConnector. {AGAIN}",
    ),
    (
        "no value of the property",
        ("Get-InboundConnector.clixml", f'{CONNECTOR}<S N="RequireTls">maybe</S></MS></Obj></Objs>'),
        "2: found 'maybe' as RequireTls of inbound connector 'X'; expected true or false.",
    ),
    (
        "a circle",
        ("Get-InboundConnector.clixml", f'{CONNECTOR}<Ref N="TlsSenderCertificateName" RefId="0" /></MS></Obj></Objs>'),
        (
            "2: found an object as TlsSenderCertificateName of inbound connector 'X'; "
            "expected an object with Address, Domain, SmtpDomain or DomainName."
        ),
    ),
]


@pytest.mark.parametrize(("file", "said"), [pytest.param(*row[1:], id=row[0]) for row in MENDED])
def test_mistakes_are_told_with_their_mend(tmp_path: Path, file: tuple[str, str], said: str) -> None:
    name, written = file
    assert complaint(tmp_path, name, written.encode()) == f"{name}:{said}"


def test_what_was_read_before_the_end_is_judged_too(tmp_path: Path) -> None:
    said = complaint(
        tmp_path, "Get-AcceptedDomain.xml", f'{HEAD}\n<Obj><MS><S N="Name">X</S></MS></Obj>\n<Obj>'.encode()
    )
    assert [line.partition(";")[0] for line in said.splitlines()] == [
        "Get-AcceptedDomain.xml:2: found no DomainName",
        "Get-AcceptedDomain.xml:3: found a file that ends before its elements do",
    ]


def test_a_certificate_of_which_only_the_octets_are_left(tmp_path: Path) -> None:
    (tmp_path / "Get-ExchangeCertificate.clixml").write_text(
        f'{HEAD}<Obj><ToString>[Subject]</ToString><Props><BA N="RawData">AA==</BA></Props></Obj></Objs>',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_exchange_server(tmp_path, tmp_path)
    assert str(caught.value) == (
        "Get-ExchangeCertificate.clixml:1: found no Thumbprint; expected a Thumbprint for each certificate. "
        "Export-Clixml may leave it out: export certificates with ConvertTo-Json."
    )


def test_two_exports_of_one_cmdlet(tmp_path: Path) -> None:
    (tmp_path / "Get-Mailbox.clixml").write_text(f"{HEAD}</Objs>", encoding="utf-8")
    (tmp_path / "Get-Mailbox.json").write_bytes(b"[]")
    assert complaint(tmp_path, "Get-Mailbox.xml", f"{HEAD}</Objs>".encode()) == (
        "Get-Mailbox.json: found an export beside Get-Mailbox.clixml; expected one of Get-Mailbox.\n"
        "Get-Mailbox.xml: found an export beside Get-Mailbox.clixml; expected one of Get-Mailbox."
    )


# ── hostile in bulk


def refusal(attempt: Callable[[], object]) -> ExportTextError | None:
    try:
        attempt()
    except ExportTextError as wrong:
        return wrong
    return None


PIECES = ["<Obj", ' RefId="0"', ">", "/>", "</Obj>", "<LST>", "</LST>", '<Ref RefId="0"/>', "<S>", "</S>", "<Props>",
          "</Props>", "<MS>", "</MS>", "_xD800_", "&#1;", "&lt;", "\n", "<DCT><En>", "</En></DCT>", ' N="Key"', "<I32>",
          "7", "</I32>", "<!--", "-->", "<![CDATA[", "]]>", "<?x ?>", "<!DOCTYPE x>", "&x;", "</Objs>"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for whole in (text, f"{HEAD}{text}</Objs>"):
        wrong = refusal(lambda whole=whole: values(whole))
        assert wrong is None or wrong.line in range(1, len(whole.splitlines()) + 2)


def read_or_refuse(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    for read in (read_exchange_online, read_exchange_server):
        with suppress(InputError):
            read(folder, folder)


@given(st.data())
def test_no_mutation_of_a_sample_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(list(SAMPLES)))
    octets = bytearray(SAMPLES[name].encode(data.draw(st.sampled_from(["utf-8", "utf-16"]))))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(octets)))
        octets[at : at + data.draw(st.integers(0, 40))] = data.draw(
            st.binary(max_size=8) | st.sampled_from(PIECES).map(str.encode)
        )
    read_or_refuse(tmp_path_factory.mktemp("mutated"), name, bytes(octets))


@given(st.binary())
def test_no_octets_break_the_reader(tmp_path_factory: pytest.TempPathFactory, octets: bytes) -> None:
    read_or_refuse(tmp_path_factory.mktemp("octets"), "Get-SendConnector.clixml", octets)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + '<Obj><MS><S N="A">x</S></MS></Obj>' * 50_000 + "</Objs>", id="many objects"),
        pytest.param(
            HEAD + "<Obj><MS>" + "".join(f"<Nil N='a{n}' />" for n in range(50_000)) + "</MS></Obj></Objs>",
            id="many properties",
        ),
        pytest.param(HEAD + "<S>" + "_x005F_" * 500_000 + "</S></Objs>", id="a text without end"),
        pytest.param(HEAD + "<S>" + "&lt;" * 500_000 + "</S></Objs>", id="a text of references"),
        pytest.param(HEAD + "\n" * 1_000_000 + "</Objs>", id="blank lines without end"),
        pytest.param(HEAD + "<S N='" + "a" * 4_000_000 + "'>", id="a name without end"),
        pytest.param(HEAD + "<!--" + "-" * 4_000_000, id="a comment without end"),
        pytest.param(
            HEAD + "<Obj RefId='0'><LST><S>x</S></LST></Obj>"
            + "".join(f"<Obj RefId='{n + 1}'><LST>" + f"<Ref RefId='{n}' />" * 10 + "</LST></Obj>" for n in range(5000))
            + "</Objs>",
            id="references that double with each step",
        ),
    ],
)  # fmt: skip
def test_the_reader_takes_time_linear_to_the_text(text: str) -> None:
    assert len(text) < MAX_BYTES
    began = process_time()
    refusal(lambda: sum(1 for _ in clixml_text.elements(text)))
    assert process_time() - began < 4  # quadratic, each of these takes minutes
