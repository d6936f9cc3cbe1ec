"""Reading the exports of the two sides: a folder of `Get-….json` files, as ConvertTo-Json writes them.

In place of one of them `Get-….clixml` or `Get-….xml` may lie there, as Export-Clixml writes it. A file that is
not there makes what it would say unknown; a file that cannot be read is an InputError, with every mistake of
every file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from mailflow.exchange import export_online, export_server
from mailflow.exchange.export_file import FORMS, elements
from mailflow.exchange.export_row import Row
from mailflow.exchange.export_text import ExportTextError, Property
from mailflow.exchange.exported import read_exported
from mailflow.exchange.known import Known, Unknown
from mailflow.exchange.online import ExchangeOnline
from mailflow.exchange.server import ExchangeCertificate, ExchangeServer, ReceiveConnector
from mailflow.input_error import InputError, Mistake

T = TypeVar("T")
OfServer = TypeVar("OfServer", ReceiveConnector, ExchangeCertificate)

MAX_MISTAKES = 100  # of one file; who has more has another problem than the hundredth

# Properties that tell the objects of one cmdlet from those of the others that are read.
_TELL_TALE_NAMES = {
    "Get-AcceptedDomain": {"DomainType", "MatchSubDomains"},
    "Get-InboundConnector": {"SenderDomains", "SenderIPAddresses", "TlsSenderCertificateName"},
    "Get-OutboundConnector": {"RecipientDomains", "RouteAllMessagesViaOnPremises", "IsTransportRuleScoped"},
    "Get-TransportRule": {"RouteMessageOutboundConnector", "Conditions", "Actions"},
    "Get-RemoteDomain": {"TargetDeliveryDomain", "TrustedMailInboundEnabled", "NDREnabled"},
    "Get-OrganizationConfig": {"RejectDirectSend", "IsDehydrated", "DefaultPublicFolderMailbox"},
    "Get-TransportConfig": {"SmtpClientAuthenticationDisabled", "JournalingReportNdrTo"},
    "Get-HostedOutboundSpamFilterPolicy": {"AutoForwardingMode", "RecipientLimitExternalPerHour"},
    "Get-DkimSigningConfig": {"Selector1CNAME", "Selector2CNAME"},
    "Get-Mailbox": {"ForwardingSmtpAddress", "ProhibitSendQuota"},
    "Get-CASMailbox": {"SmtpClientAuthenticationDisabled", "ImapEnabled", "PopEnabled"},
    "Get-MailUser": {"ExternalEmailAddress"},
    "Get-SendConnector": {"AddressSpaces", "DNSRoutingEnabled", "SourceTransportServers"},
    "Get-ReceiveConnector": {"RemoteIPRanges", "PermissionGroups", "Bindings"},
    "Get-ExchangeCertificate": {"Thumbprint", "CertificateDomains"},
    "Get-RemoteMailbox": {"RemoteRoutingAddress"},
    "Get-ADPermission": {"ExtendedRights"},
}
_TELL_TALE = {cmdlet: frozenset(name.lower() for name in names) for cmdlet, names in _TELL_TALE_NAMES.items()}


def read_exchange_online(folder: Path, root: Path) -> ExchangeOnline:
    """Read the tenant's exports.

    Args:
        folder: where the `Get-….json` or `Get-….clixml` files lie.
        root: the environment's folder; evidence names files relative to it.

    Raises:
        InputError: files that are no exports; every mistake that could be found at once.

    """
    exports = _Exports(folder, root)
    online = ExchangeOnline(
        accepted_domains=exports.all("Get-AcceptedDomain", export_online.accepted_domain_of_the_tenant),
        inbound_connectors=exports.all("Get-InboundConnector", export_online.inbound_connector),
        outbound_connectors=exports.all("Get-OutboundConnector", export_online.outbound_connector),
        transport_rules=exports.all("Get-TransportRule", export_online.transport_rule),
        remote_domains=exports.all("Get-RemoteDomain", export_online.remote_domain),
        organization_config=exports.one("Get-OrganizationConfig", export_online.organization_config),
        transport_config=exports.one("Get-TransportConfig", export_online.transport_config),
        outbound_spam_filter_policies=exports.all(
            "Get-HostedOutboundSpamFilterPolicy", export_online.outbound_spam_filter_policy
        ),
        dkim_signing_configs=exports.all("Get-DkimSigningConfig", export_online.dkim_signing_config),
        mailboxes=exports.all("Get-Mailbox", export_online.mailbox),
        mail_users=exports.all("Get-MailUser", export_online.mail_user),
        cas_mailboxes=exports.all("Get-CASMailbox", export_online.cas_mailbox),
        exported=exports.made(),
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
        exported=exports.made(),
    )
    exports.raise_mistakes()
    return server


def with_edge_server(server: ExchangeServer, folder: Path, root: Path, name: str) -> ExchangeServer:
    """Add what an Edge Transport server exports itself: its receive connectors and certificates.

    They stand in its own directory (AD LDS), so that no other server lists them; the rest comes to it by EdgeSync.

    Source: Edge Subscriptions, Details about the EdgeSync service.

    Args:
        server: the exports of the organization's other Exchange servers.
        folder: where the files of the Edge Transport server lie.
        root: the environment's folder; evidence names files relative to it.
        name: of the Edge Transport server, as the exports call it.

    Raises:
        InputError: files that are no exports; every mistake that could be found at once.

    """
    exports = _Exports(folder, root)
    permissions = exports.all("Get-ADPermission", export_server.permission)
    receive = exports.all("Get-ReceiveConnector", export_server.receive_connector(permissions))
    certificates = exports.all("Get-ExchangeCertificate", export_server.exchange_certificate)
    made = exports.made()
    exports.raise_mistakes()
    return replace(
        server,
        receive_connectors=_joined(server.receive_connectors, _all_of(name, receive)),
        certificates=_joined(server.certificates, _all_of(name, certificates)),
        exported=min(server.exported, made) if server.exported and made else None,
    )


def _all_of(name: str, found: Known[tuple[OfServer, ...]]) -> Known[tuple[OfServer, ...]]:
    return found if isinstance(found, Unknown) else tuple(replace(one, server=name) for one in found)


def _joined(some: Known[tuple[T, ...]], others: Known[tuple[T, ...]]) -> Known[tuple[T, ...]]:
    if isinstance(some, Unknown):
        return some
    return others if isinstance(others, Unknown) else (*some, *others)


class _Exports:
    """The files of one folder, and the mistakes in them."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root = folder, root
        self._shown = folder.relative_to(root) if folder.is_relative_to(root) else folder
        self._mistakes: list[Mistake] = []
        self._asked: list[str] = []  # the cmdlets of this side
        self._paths: list[Path] = []  # no folder: nothing was supplied
        try:
            if folder.exists():
                self._paths = sorted(folder.iterdir())
        except OSError as wrong:
            found = f"what cannot be listed ({wrong.strerror})"
            self._mistakes.append(Mistake(self._shown.as_posix(), None, found, "a folder with Get-….json files"))

    def all(self, cmdlet: str, read: Callable[[Row], T]) -> Known[tuple[T, ...]]:
        """Read every object of one cmdlet."""
        self._asked.append(cmdlet)
        file = self._file(cmdlet)
        paths = self._of(cmdlet)
        if not paths:
            return Unknown(f"{file} was not supplied")
        path = paths[0]
        self._mistakes += (
            Mistake((self._shown / other.name).as_posix(), None, f"an export beside {path.name}", f"one of {cmdlet}")
            for other in paths[1:]  # nothing says which of them holds
        )
        mistakes: list[Mistake] = []
        objects: list[T] = []
        try:
            for written in elements(path, cmdlet):
                properties = written.properties
                if properties is None:
                    again = FORMS[path.suffix.lower()].again(cmdlet)
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
                            f"Rename the file to {other}{path.suffix}, or export {cmdlet}.",
                        )
                    )
                else:
                    objects.append(read(Row(file, written.line, properties, mistakes)))
                if len(mistakes) >= MAX_MISTAKES:
                    break
        except ExportTextError as wrong:
            mistakes.append(Mistake(file, wrong.line, wrong.found, wrong.expected, wrong.mend))
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

    def made(self) -> datetime | None:
        """Read when they were exported."""
        try:
            return read_exported(self._folder, self._root)
        except InputError as error:
            self._mistakes += error.mistakes
            return None

    def raise_mistakes(self) -> None:
        """Raise what was found in all files that were read, and those that nobody read for their name."""
        for path in self._paths:
            self._note_other_name(path)
        if self._mistakes:
            raise InputError(*self._mistakes)

    def _note_other_name(self, path: Path) -> None:
        cmdlet = next((each for each in _TELL_TALE if _is_called_like(path.name, each)), "")
        if cmdlet not in self._asked or self._of(cmdlet):
            return
        where = (self._shown / path.name).as_posix()
        suffix = path.suffix.lower()
        form = FORMS.get(suffix, FORMS[".json"])
        csv = "A table keeps no lists. " + form.again(cmdlet)
        mend = csv if suffix == ".csv" else f"Rename it to {cmdlet}{suffix if suffix in FORMS else form.suffix}."
        expected = f"one file for {cmdlet}, named after it"
        self._mistakes.append(Mistake(where, None, "an export under another name", expected, mend))

    def _of(self, cmdlet: str) -> list[Path]:
        # In any case: Windows and macOS find get-mailbox.json too.
        names = {f"{cmdlet}{suffix}".lower() for suffix in FORMS}
        return [path for path in self._paths if path.name.lower() in names]

    def _file(self, cmdlet: str) -> str:
        paths = self._of(cmdlet)
        return (self._shown / (paths[0].name if paths else f"{cmdlet}.json")).as_posix()


def _is_called_like(name: str, cmdlet: str) -> bool:
    """Say whether a file is called after a cmdlet: Get-SendConnectors.json, SendConnector-EX01.json, ….json.txt."""
    noun = re.escape(cmdlet.removeprefix("Get-"))
    return re.fullmatch(rf"(get-?)?{noun}s?([^a-z].*)?\.(json|csv|txt|xml|clixml)", name, re.IGNORECASE) is not None


def _other_cmdlet(cmdlet: str, properties: Mapping[str, Property]) -> str:
    """Name the cmdlet from which an object really comes; empty where nothing speaks against the file's name."""
    if not _TELL_TALE[cmdlet].isdisjoint(properties):
        return ""
    return next((other for other, marks in _TELL_TALE.items() if not marks.isdisjoint(properties)), "")
