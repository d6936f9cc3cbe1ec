"""What the header fields of Exchange say of a message: whose tenant it passed, and for whose mail it was taken.

Sources: "Anti-spam message headers in Microsoft 365", "Demystifying and troubleshooting hybrid mail flow: when is a
message internal?", "Office 365 Message Attribution". Only where they are absent nothing follows from them.
"""

import re
from dataclasses import dataclass

from mailflow.mail.header import Fields, bodies

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TENANTS = (
    "x-ms-exchange-crosstenant-id",
    "x-eoptenantattributedmessage",  # <tenant>:0
    "x-ms-exchange-crosstenant-originalattributedtenantconnectingip",  # TenantId=…;Ip=[…];Helo=[…]
)
# What is worth showing of a message beside its trace: RFC 8601, RFC 7208 section 9.1, and the fields read here.
_SHOWN = (
    *_TENANTS,
    "x-ms-exchange-crosstenant-fromentityheader",
    "x-ms-exchange-crosstenant-authas",
    "x-ms-exchange-organization-authas",
    "x-ms-exchange-organization-messagedirectionality",
    "x-organizationheaderspreserved",
    "x-crosspremisesheaderspromoted",
    "x-crosspremisesheadersfiltered",
    "x-crosspremisesheadersfilteredbysendconnector",
    "x-forefront-antispam-report",
    "x-forefront-antispam-report-untrusted",
    "authentication-results",
    "authentication-results-original",
    "received-spf",
    "return-path",
)
_STAMPS, _LONGEST = 40, 1000  # fields that are shown of one message, and characters of each


@dataclass(frozen=True, slots=True)
class ExchangeFields:
    """What one message's header says. None: it does not."""

    tenants: frozenset[str]  # the GUIDs of all tenants that it names
    from_own_servers: bool | None  # Microsoft 365 took it for mail of own servers when it last came in
    internal: bool | None  # where it was delivered, it counts as mail of the organization
    preserved_by: tuple[str, ...]  # hosts that kept the organization's headers when they sent it to the other side

    @classmethod
    def read(cls, fields: Fields) -> "ExchangeFields":
        """Read them all."""
        return cls(
            tenants=frozenset(
                guid for name in _TENANTS for body in bodies(fields, name) for guid in _GUID.findall(body.lower())
            ),
            from_own_servers=_from_own_servers(fields),
            internal=_internal(fields),
            preserved_by=tuple(body.strip().lower() for body in bodies(fields, "x-organizationheaderspreserved")),
        )


def _words(fields: Fields, name: str) -> set[str]:
    return {body.strip().lower() for body in bodies(fields, name)}


def _from_own_servers(fields: Fields) -> bool | None:
    """Read HybridOnPrem or Originating as yes, Internet or Incoming as no; what contradicts itself as nothing."""
    said = _words(fields, "x-ms-exchange-crosstenant-fromentityheader")
    said |= _words(fields, "x-ms-exchange-organization-messagedirectionality")
    yes, no = said & {"hybridonprem", "originating"}, said & {"internet", "incoming"}
    return None if bool(yes) == bool(no) else bool(yes)


def _internal(fields: Fields) -> bool | None:
    said = _words(fields, "x-ms-exchange-organization-authas") or _words(fields, "x-ms-exchange-crosstenant-authas")
    return None if len(said) != 1 or not said <= {"internal", "anonymous"} else said == {"internal"}


def stamps(fields: Fields) -> tuple[str, ...]:
    """Give the fields that are worth showing, as they stand."""
    shown = [f"{name}: {body[:_LONGEST]}" for name, body in fields if name.lower() in _SHOWN]
    return tuple(shown[:_STAMPS])
