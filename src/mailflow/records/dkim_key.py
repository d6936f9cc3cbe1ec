"""DKIM key records (RFC 6376 section 3.6.1, RFC 8301, RFC 8463): whether a receiver can verify with one."""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from mailflow.records.tag_list import read

SHORTEST_BITS = 1024  # RFC 8301 section 3.2: receivers must not take shorter ones
GOOD_BITS = 2048  # the same section: signers should use at least these
LONGEST_BITS = 4096  # the same section: receivers need not take longer ones
_ED25519_OCTETS = 32  # RFC 8463 section 4
_AROUND = re.compile(r"-----[A-Z ]*-----|[\"\\\s]")  # what forms and PEM files leave in a record that no record has


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One key record."""

    text: str
    wrong: str  # why nothing verifies with it; empty: it is usable
    bits: int = 0  # of an RSA key
    testing: bool = False  # t=y: receivers treat its signatures as if there were none

    @property
    def remarks(self) -> tuple[str, ...]:
        """What weakens a key that can be used, each a predicate of the name at which it stands."""
        found = []
        if not self.wrong and 0 < self.bits < GOOD_BITS:
            found.append(f"has a key of {self.bits} bits; {GOOD_BITS} are asked for (RFC 8301)")
        if not self.wrong and self.bits > LONGEST_BITS:
            found.append(f"has a key of {self.bits} bits; receivers need not take more than {LONGEST_BITS} (RFC 8301)")
        if self.testing:
            found.append("says t=y: its signatures count for nothing")
        return tuple(found)


def parse(text: str) -> DkimKey:
    """Read a key record. Never raises: what is wrong stands in `wrong`."""
    tags = read(text, exact=True)
    testing = "y" in _listed(tags.get("t") or "")
    if tags.flaws:
        return DkimKey(text, tags.flaws[0], testing=testing)
    if tags.get("v") not in (None, "DKIM1") or (tags.get("v") and tags.tags[0][0] != "v"):
        return DkimKey(text, "v is not DKIM1, or does not come first", testing=testing)
    key = tags.get("p")
    if key is None:
        return DkimKey(text, "it has no p, the key itself", testing=testing)
    if not key:
        return DkimKey(text, "p is empty: the key was revoked", testing=testing)
    if "sha256" not in _listed(tags.get("h") or "sha256"):  # RFC 8301 section 3.1: no other is taken
        return DkimKey(text, f"h={tags.get('h')} does not allow SHA-256", testing=testing)
    if not {"*", "email"} & _listed(tags.get("s") or "*"):
        return DkimKey(text, f"s={tags.get('s')} is not for mail", testing=testing)
    kind = (tags.get("k") or "rsa").lower()
    try:
        octets = base64.b64decode("".join(key.split()), validate=True)
    except (binascii.Error, ValueError):
        return DkimKey(text, "p is no Base64: the key was cut, or has blanks or quotes in it", testing=testing)
    if kind == "ed25519":
        wrong = "" if len(octets) == _ED25519_OCTETS else f"p has {len(octets)} octets, not {_ED25519_OCTETS}"
        return DkimKey(text, wrong, testing=testing)
    if kind != "rsa":
        return DkimKey(text, f"k={kind} is no kind of key that receivers know", testing=testing)
    return _rsa(text, octets, testing=testing)


def mended(text: str) -> str:
    """Write the record of a key anew, as receivers take it; empty where the key itself is lost, or good for nothing."""
    bare = _AROUND.sub("", text)
    for key in (read(bare).get("p"), bare):  # some publish the key alone
        for kind in ("rsa", "ed25519"):
            record = f"v=DKIM1; k={kind}; p={key}"
            if key and not parse(record).wrong:
                return record
    return ""


def _listed(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(":")}


def _rsa(text: str, octets: bytes, *, testing: bool) -> DkimKey:
    try:
        public = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return DkimKey(text, "p holds no RSA key: it was cut or changed", testing=testing)
    if not isinstance(public, RSAPublicKey):
        return DkimKey(text, "p holds a key of another kind than RSA", testing=testing)
    # RFC 6376 appendix C makes a SubjectPublicKeyInfo, and many verifiers read nothing else.
    if octets == public.public_bytes(Encoding.DER, PublicFormat.PKCS1):
        return DkimKey(text, "p holds an RSAPublicKey without the SubjectPublicKeyInfo around it", testing=testing)
    bits = public.key_size
    wrong = "" if bits >= SHORTEST_BITS else f"a key of {bits} bits: receivers take none below {SHORTEST_BITS}"
    return DkimKey(text, wrong, bits, testing)
