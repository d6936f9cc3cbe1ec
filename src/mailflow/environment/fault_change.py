"""The change of a fault, and making it in the files of a copied environment."""

import fnmatch
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mailflow.environment.folder import FILE

Text = Annotated[str, Field(min_length=1)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class TextChange(BaseModel):
    """Other words in a text file: a zone, environment.yaml."""

    model_config = _STRICT

    file: Text
    replace: Text = Field(description="stands in the file exactly once")
    by: str


class ExportChange(BaseModel):
    """Another property of an object in an export; a property absent, an object gone or added."""

    model_config = _STRICT

    file: Text = Field(description="exchange-online/Get-InboundConnector.json")
    object: str = Field("*", description="its Name, DomainName, PrimarySmtpAddress or Identity; * and ? as wildcards")
    set: dict[str, Any] = Field({}, description="properties and their new values")
    drop: tuple[Text, ...] = Field((), description="properties that the export then lacks")
    delete: bool = Field(default=False, description="the object is gone")
    add: dict[str, Any] | None = Field(None, description="a copy of the object with these properties is added")


class CertificateChange(BaseModel):
    """Another certificate in a PEM file."""

    model_config = _STRICT

    file: Text
    names: tuple[Text, ...]
    starts: date = Field(date(2026, 1, 1), alias="from")
    until: date = date(2125, 12, 31)
    authority: Literal["trusted", "unknown", "self-signed", "intermediate-missing"] = "trusted"
    trusts: str = Field("certificates/authority.pem", description="the PEM file of the authorities that are trusted")


class EnvironmentChange(BaseModel):
    """Another value in environment.yaml, by dotted path; a dot within a key is written as in the file, in quotes."""

    model_config = _STRICT

    path: Annotated[tuple[Text, ...], Field(min_length=1)]
    value: Any = None
    absent: bool = False


class ServerChange(BaseModel):
    """A server, or the host of a policy, that behaves otherwise than its files say."""

    model_config = _STRICT

    name: Text
    does: Literal["silent", "no-starttls", "tls-1.1", "swallows", "redirects", "html", "no-file"]

    @property
    def of_web(self) -> bool:
        """Only what answers over HTTPS does so."""
        return self.does in ("redirects", "html", "no-file")


class Change(BaseModel):
    """Exactly one of these."""

    model_config = _STRICT

    text: TextChange | None = None
    export: ExportChange | None = None
    certificate: CertificateChange | None = None
    environment: EnvironmentChange | None = None
    absent: Text | None = Field(None, description="a file that was not supplied")
    server: ServerChange | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("exactly one change")
        return self


def apply(change: Change, folder: Path) -> None:
    """Make the change in a folder. What a server does otherwise stands in no file and is left to the caller.

    Raises:
        LookupError: it would change nothing; the argument says what was expected.

    """
    if change.text:
        _text(change.text, folder)
    if change.export:
        _export(change.export, folder)
    if change.certificate:
        _certificate(change.certificate, folder)
    if change.environment:
        _environment(change.environment, folder)
    if change.absent:
        _existing(folder, change.absent).unlink()


def _existing(folder: Path, file: str) -> Path:
    path = folder / file
    if not path.is_file():
        raise LookupError(f"the file {file}")
    return path


def _text(change: TextChange, folder: Path) -> None:
    path = _existing(folder, change.file)
    before = path.read_text(encoding="utf-8")
    if before.count(change.replace) != 1:
        raise LookupError(f"'{change.replace}' once in {change.file}, not {before.count(change.replace)} times")
    if change.replace == change.by:
        raise LookupError("other words than those that stand there")
    path.write_text(before.replace(change.replace, change.by), encoding="utf-8", newline="\n")


def _export(change: ExportChange, folder: Path) -> None:
    path = _existing(folder, change.file)
    exported = json.loads(path.read_text(encoding="utf-8-sig"))
    objects = exported if isinstance(exported, list) else [exported]
    found = [one for one in objects if fnmatch.fnmatchcase(_name(one), change.object)]
    if len(found) != 1:
        raise LookupError(f"one object '{change.object}' in {change.file}, not {len(found)}")
    (one,) = found
    if unknown := [key for key in (*change.set, *change.drop, *(change.add or {})) if key not in one]:
        raise LookupError(f"properties of {change.file}; it has no {', '.join(unknown)}")
    new = {key: _value(value) for key, value in change.set.items()}
    if same := [key for key, value in new.items() if one[key] == value]:
        raise LookupError(f"another value; {', '.join(same)} is so already")
    one |= new
    for key in change.drop:
        del one[key]
    if change.add is not None:
        objects.append(one | {key: _value(value) for key, value in change.add.items()})
    if change.delete:
        objects.remove(one)
    if not (new or change.drop or change.add is not None or change.delete):
        raise LookupError("set, drop, add or delete")
    path.write_text(json.dumps(objects, indent=2), encoding="utf-8", newline="\n")


def _name(one: dict[str, Any]) -> str:
    names = ("DomainName", "PrimarySmtpAddress", "Name", "Identity", "Thumbprint")
    name = next((one[key] for key in names if key in one), "")
    # Exchange Server's exports hold addresses and domains as objects, whose Address is what an engineer calls them.
    return str(name.get("Address", name) if isinstance(name, dict) else name)


def _value(told: Any) -> Any:
    """Read what stands in the fault file as JSON would: every plain word of our YAML is a text at first."""
    if isinstance(told, dict):
        return {key: _value(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_value(value) for value in told]
    if told in ("true", "false"):
        return told == "true"
    return int(told) if isinstance(told, str) and told.isdigit() else told


def _environment(change: EnvironmentChange, folder: Path) -> None:
    path = _existing(folder, FILE)
    # As loading does: every scalar stays the text that stands in the file.
    told = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  safe: texts only
    *above, key = change.path
    inner = told
    for step in above:
        if not isinstance(inner, dict) or step not in inner:
            raise LookupError(f"'{step}' in {FILE}")
        inner = inner[step]
    if change.absent:
        if key not in inner:
            raise LookupError(f"'{key}' in {FILE}")
        del inner[key]
    elif inner.get(key) == change.value:
        raise LookupError(f"another value; {key} is so already")
    else:
        inner[key] = change.value
    path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8", newline="\n")


def _certificate(change: CertificateChange, folder: Path) -> None:
    import trustme  # noqa: PLC0415  # only where a fault needs it

    path = _existing(folder, change.file)
    root = trustme.CA(organization_name="Example Root")
    issuer = root.create_child_ca()
    stranger = trustme.CA(organization_name="Nobody's Authority")
    issue: Callable[..., trustme.LeafCert] = stranger.issue_cert if change.authority == "unknown" else issuer.issue_cert
    leaf = issue(
        *change.names,
        common_name=change.names[0],
        not_before=datetime.combine(change.starts, time(), UTC),
        not_after=datetime.combine(change.until, time(), UTC),
    )
    parts = [part.bytes() for part in leaf.cert_chain_pems]
    if change.authority == "intermediate-missing":
        parts = parts[:1]
    if change.authority == "self-signed":
        parts = [_self_signed(change)]
    path.write_bytes(b"".join(parts))
    # An authority of the fault's own takes the place of the one whose key was thrown away.
    _existing(folder, change.trusts).write_bytes(root.cert_pem.bytes())


def _self_signed(change: CertificateChange) -> bytes:
    from cryptography import x509  # noqa: PLC0415  # only where a fault needs it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, change.names[0])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.combine(change.starts, time(), UTC))
        .not_valid_after(datetime.combine(change.until, time(), UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in change.names]), critical=False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
