"""Reading the exports of the two sides: a folder of `Get-….json` files, as ConvertTo-Json writes them.

A file that is not there makes what it would say unknown; a file that cannot be read is an InputError, with
every mistake of every file. (Files of Export-Clixml are recognised and refused: `_elements` is the place
where another reader of the same elements would stand.)
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from mailflow.exchange import export_online, export_server
from mailflow.exchange.export_row import Row
from mailflow.exchange.json_text import JsonTextError, Property, Written, decode, elements
from mailflow.exchange.known import Known, Unknown
from mailflow.exchange.online import ExchangeOnline
from mailflow.exchange.server import ExchangeServer
from mailflow.input_error import InputError, Mistake

T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
MAX_MISTAKES = 100  # of one file; who has more has another problem than the hundredth

# Properties that tell the objects of one cmdlet from those of the others that are read.
_TELL_TALE_NAMES = {
    "Get-AcceptedDomain": {"DomainType", "MatchSubDomains"},
    "Get-InboundConnector": {"SenderDomains", "SenderIPAddresses", "TlsSenderCertificateName"},
    "Get-OutboundConnector": {"RecipientDomains", "RouteAllMessagesViaOnPremises", "IsTransportRuleScoped"},
    "Get-TransportRule": {"RouteMessageOutboundConnector", "Conditions", "Actions"},
    "Get-RemoteDomain": {"TargetDeliveryDomain", "TrustedMailInboundEnabled", "NDREnabled"},
    "Get-OrganizationConfig": {"RejectDirectSend", "IsDehydrated", "DefaultPublicFolderMailbox"},
    "Get-HostedOutboundSpamFilterPolicy": {"AutoForwardingMode", "RecipientLimitExternalPerHour"},
    "Get-Mailbox": {"ForwardingSmtpAddress", "ProhibitSendQuota"},
    "Get-MailUser": {"ExternalEmailAddress"},
    "Get-SendConnector": {"AddressSpaces", "DNSRoutingEnabled", "SourceTransportServers"},
    "Get-ReceiveConnector": {"RemoteIPRanges", "PermissionGroups", "Bindings"},
    "Get-ExchangeCertificate": {"Thumbprint", "CertificateDomains"},
    "Get-RemoteMailbox": {"RemoteRoutingAddress"},
    "Get-HybridConfiguration": {"OnPremisesSmartHost", "ReceivingTransportServers"},
    "Get-ADPermission": {"ExtendedRights"},
}
_TELL_TALE = {cmdlet: frozenset(name.lower() for name in names) for cmdlet, names in _TELL_TALE_NAMES.items()}


def read_exchange_online(folder: Path, root: Path) -> ExchangeOnline:
    """Read the tenant's exports.

    Args:
        folder: where the `Get-….json` files lie.
        root: the environment's folder; evidence names files relative to it.

    Raises:
        InputError: files that are no exports; every mistake that could be found at once.

    """
    exports = _Exports(folder, root)
    online = ExchangeOnline(
        accepted_domains=exports.all("Get-AcceptedDomain", export_online.accepted_domain),
        inbound_connectors=exports.all("Get-InboundConnector", export_online.inbound_connector),
        outbound_connectors=exports.all("Get-OutboundConnector", export_online.outbound_connector),
        transport_rules=exports.all("Get-TransportRule", export_online.transport_rule),
        remote_domains=exports.all("Get-RemoteDomain", export_online.remote_domain),
        organization_config=exports.one("Get-OrganizationConfig", export_online.organization_config),
        outbound_spam_filter_policies=exports.all(
            "Get-HostedOutboundSpamFilterPolicy", export_online.outbound_spam_filter_policy
        ),
        mailboxes=exports.all("Get-Mailbox", export_online.mailbox),
        mail_users=exports.all("Get-MailUser", export_online.mail_user),
    )
    exports.raise_mistakes()
    return online


def read_exchange_server(folder: Path, root: Path) -> ExchangeServer:
    """Read the exports of the organization's own Exchange servers; arguments and errors as for the tenant's."""
    exports = _Exports(folder, root)
    permissions = exports.all("Get-ADPermission", export_server.permission)
    server = ExchangeServer(
        accepted_domains=exports.all("Get-AcceptedDomain", export_online.accepted_domain),
        send_connectors=exports.all("Get-SendConnector", export_server.send_connector),
        receive_connectors=exports.all("Get-ReceiveConnector", export_server.receive_connector(permissions)),
        certificates=exports.all("Get-ExchangeCertificate", export_server.exchange_certificate),
        mailboxes=exports.all("Get-Mailbox", export_online.mailbox),
        remote_mailboxes=exports.all("Get-RemoteMailbox", export_server.remote_mailbox),
        hybrid_configuration=exports.one("Get-HybridConfiguration", export_server.hybrid_configuration),
    )
    exports.raise_mistakes()
    return server


class _Exports:
    """The files of one folder, and the mistakes in them."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
        self._mistakes: list[Mistake] = []
        # By lower case: Windows and macOS find get-mailbox.json too. No folder: nothing was supplied.
        self._paths: dict[str, Path] = {}
        try:
            if folder.exists():
                self._paths = {path.name.lower(): path for path in sorted(folder.iterdir())}
        except OSError as wrong:
            found = f"what cannot be listed ({wrong.strerror})"
            self._mistakes.append(Mistake(self._shown.as_posix(), None, found, "a folder with Get-….json files"))

    def all(self, cmdlet: str, read: Callable[[Row], T]) -> Known[tuple[T, ...]]:
        """Read every object of one cmdlet."""
        file = self._file(cmdlet)
        path = self._paths.get(f"{cmdlet}.json".lower())
        if path is None:
            return Unknown(f"{file} was not supplied")
        mistakes: list[Mistake] = []
        objects: list[T] = []
        again = f"Export again: {cmdlet} | ConvertTo-Json -Depth 5 | Out-File {cmdlet}.json -Encoding utf8"
        try:
            for written in _elements(path):
                properties = written.properties
                if properties is None:
                    mistakes.append(
                        Mistake(file, written.line, "a value that is no object", f"objects of {cmdlet}", again)
                    )
                elif other := _other_cmdlet(cmdlet, properties):
                    mistakes.append(
                        Mistake(
                            file,
                            written.line,
                            f"what looks like {other}",
                            f"objects of {cmdlet}",
                            f"Rename the file to {other}.json, or export {cmdlet}.",
                        )
                    )
                else:
                    objects.append(read(Row(file, written.line, properties, mistakes)))
                if len(mistakes) >= MAX_MISTAKES:
                    break
        except JsonTextError as wrong:
            mistakes.append(Mistake(file, wrong.line, wrong.found, wrong.expected, again))
        self._mistakes += mistakes
        return tuple(objects)

    def one(self, cmdlet: str, read: Callable[[Row], T]) -> Known[T]:
        """Read the one object of a cmdlet that has no more."""
        objects = self.all(cmdlet, read)
        if isinstance(objects, Unknown):
            return objects
        if len(objects) > 1:
            self._mistakes.append(
                Mistake(self._file(cmdlet), None, f"{len(objects)} objects", "one: an organization has one")
            )
        return objects[0] if objects else Unknown(f"{self._file(cmdlet)} holds no object")

    def raise_mistakes(self) -> None:
        """Raise what was found in all files that were read."""
        if self._mistakes:
            raise InputError(*self._mistakes)

    def _file(self, cmdlet: str) -> str:
        return (self._shown / f"{cmdlet}.json").as_posix()


def _elements(path: Path) -> Iterator[Written]:
    """Give the objects of one file."""
    if not path.is_file():  # a pipe or a device could keep the reader for ever
        raise JsonTextError(None, "something that is no file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as wrong:
        raise JsonTextError(None, f"a file that cannot be read ({wrong.strerror})") from wrong
    if len(data) > MAX_BYTES:
        raise JsonTextError(
            None, "a file of more than 64 MiB", "at most that; Select-Object leaves out what is not read"
        )
    text = decode(data)
    if kind := _lookalike(text):
        raise JsonTextError(1, kind)
    return elements(text)


# What people send in place of JSON, by its beginning.
_LOOKALIKE = (
    ("nothing (did the cmdlet fail? where it found nothing, write [])", re.compile(r"\Z")),
    ("CLIXML, as Export-Clixml writes it", re.compile(r"<Objs\b|#< CLIXML")),
    ("XML or HTML", re.compile(r"<")),
    ("CSV, as Export-Csv writes it", re.compile(r'(#TYPE\b|"[^"\n]*"(,"[^"\n]*")+\r?\n)')),
    ("a list as Format-List writes it", re.compile(r"\w+ *: ?[^\n]*(\n|\Z)")),
    ("a table as Format-Table writes it", re.compile(r"\w[^\n]*\n-+( +-+)* *\r?\n")),
)


def _lookalike(text: str) -> str:
    start = text.lstrip()[:20_000]
    return next((name for name, form in _LOOKALIKE if form.match(start)), "")


def _other_cmdlet(cmdlet: str, properties: Mapping[str, Property]) -> str:
    """Name the cmdlet from which an object really comes; empty where nothing speaks against the file's name."""
    if not _TELL_TALE[cmdlet].isdisjoint(properties):
        return ""
    return next((other for other, marks in _TELL_TALE.items() if not marks.isdisjoint(properties)), "")
