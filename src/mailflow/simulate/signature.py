"""The DKIM signatures of simulated servers (RFC 6376 sections 3 and 5), relaxed/relaxed and by RSA-SHA256.

Whoever looks verifies with dkimpy, which shares nothing with this file. All signers of a simulation have the one key
of signing_key.pem (docs/decisions/0024-one-signing-key.md).
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

# What Microsoft 365 signs, as its page shows it ("Set up DKIM", Verify DKIM signing).
_SIGNED = ("From", "Date", "Subject", "Message-ID", "Content-Type", "MIME-Version")
_BLANKS = re.compile(rb"[\t ]+")


@cache
def _key() -> RSAPrivateKey:
    content = files(__package__).joinpath("signing_key.pem").read_bytes()
    key = load_pem_private_key(content, None, unsafe_skip_rsa_key_validation=True)  # which takes as long as ten hops
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("signing_key.pem holds no RSA key")
    return key


@cache
def key_text() -> str:
    """Give the key record with which everybody verifies the signatures."""
    public = _key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode('ascii')}"


@cache
def key_record() -> str:
    """Give it as a master file has it: a character-string has at most 255 octets (RFC 1035 section 3.3)."""
    return " ".join(f'"{part}"' for part in re.findall(".{1,200}", key_text()))


def sign(message: bytes, domain: str, selector: str) -> bytes:
    """Give a message with a signature on top.

    The message has lines that end with CRLF, and no field twice that is signed.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    fields = {name.lower(): (name, text) for name, _, text in (f.partition(b":") for f in _unfolded(head))}
    there = [name for name in _SIGNED if name.lower().encode("ascii") in fields]
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
    tags = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector}; h={':'.join(there)}; bh={body_hash}; b="
    signed = b"".join(_relaxed_field(*fields[name.lower().encode("ascii")]) + b"\r\n" for name in there)
    signed += _relaxed_field(b"DKIM-Signature", tags.encode("ascii"))
    signature = base64.b64encode(_key().sign(signed, PKCS1v15(), SHA256())).decode("ascii")
    folded = "\r\n\t".join((*tags.removesuffix(" b=").split(" "), f"b={signature}"))
    return f"DKIM-Signature: {folded}\r\n".encode("ascii") + message


def _unfolded(head: bytes) -> list[bytes]:
    return re.sub(rb"\r\n(?=[\t ])", b"", head).split(b"\r\n")


def _relaxed_field(name: bytes, text: bytes) -> bytes:
    """Section 3.4.2: names in lower case, blanks as one, none at the ends."""
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", text).strip()


def _relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4: blanks as one and none at the end of a line, no empty lines at the end."""
    lines = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
