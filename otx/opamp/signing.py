"""Signed configurations: a server that is taken over can offer nothing that nobody signed.

The signature travels as one more object of the offer, `otx.signature`, of content type
`application/vnd.otx.signature`. Its body has one line a signature, `ed25519 KEY-ID BASE64`, so that
keys can be changed without a moment at which some agents trust none. What is signed is the whole
map of objects, names and content types included, in a form that can be read in one way only:

    otx config v1 LF, then for each object, by name in the order of its bytes:
    LEN SP name LEN SP content type LEN SP body LF      (LEN: decimal bytes)

The server's hash is not signed: it is chosen by the server after the signature is made.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from otx.errors import UsageError
from otx.opamp.opamp_pb2 import AgentConfigMap

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE = "otx.signature"
CONTENT_TYPE = "application/vnd.otx.signature"
TRUST_LABEL = "otx.config.trusted_keys"
"""A non-identifying attribute of agents that take only what is signed: names of keys, spaced."""
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]*)-----END PUBLIC KEY-----")
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an ed25519 key in DER (RFC 8410, 4)."""
KEY_BYTES, SIGNATURE_BYTES = 32, 64
_SIGNATURES_READ = 16


class PublicKey(NamedTuple):
    """An ed25519 key that is trusted.

    Attributes:
        name: The first 16 hexadecimal digits of its SHA-256.
    """

    name: str
    raw: bytes


def public_key(text: str) -> PublicKey:
    """The key of a PEM text (as `openssl pkey -pubout` writes it), or of 32 bytes in base64.

    Raises:
        UsageError: It is none, or one of another kind.
    """
    body = _PEM.search(text)
    try:
        raw = base64.b64decode("".join((body[1] if body else text).split()), validate=True)
    except binascii.Error:
        raw = b""
    if body and raw[: len(_SPKI)] == _SPKI:
        raw = raw[len(_SPKI) :]
    elif body:
        raise UsageError("not an ed25519 key", hint="openssl genpkey -algorithm ed25519 makes one")
    if len(raw) != KEY_BYTES:
        raise UsageError(
            "no public ed25519 key: neither PEM nor 32 bytes in base64",
            hint="openssl pkey -in KEY -pubout writes one",
        )
    return PublicKey(_name(raw), raw)


def private_key(text: str) -> "Ed25519PrivateKey":
    """The key of a PEM text without pass phrase.

    Raises:
        UsageError: It is none, or one of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 8 MB
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise UsageError(
            "no private key in PEM without pass phrase",
            hint="`otx opamp key` makes one; openssl pkey takes a pass phrase off",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("not an ed25519 key", hint="openssl genpkey -algorithm ed25519 makes one")
    return key


def new_private_key() -> "Ed25519PrivateKey":
    """A key that nobody has had."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # 8 MB

    return Ed25519PrivateKey.generate()


def private_pem(key: "Ed25519PrivateKey") -> bytes:
    """A private key as `private_key` reads it (PKCS #8, no pass phrase)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: "Ed25519PrivateKey") -> str:
    """The public half of a key as `public_key` reads it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_name(key: "Ed25519PrivateKey") -> str:
    """What signatures call a key: the first 16 hexadecimal digits of its public half's SHA-256."""
    return _name(key.public_key().public_bytes_raw())


def signed_bytes(config: AgentConfigMap) -> bytes:
    """What a signature is made over: every object but the signature itself."""
    pieces = [b"otx config v1\n"]
    for name in sorted(config.config_map, key=str.encode):
        if name == SIGNATURE:
            continue
        one = config.config_map[name]
        for part in (name.encode(), one.content_type.encode(), one.body):
            pieces += [str(len(part)).encode(), b" ", part]
        pieces.append(b"\n")
    return b"".join(pieces)


def sign(config: AgentConfigMap, keys: Sequence["Ed25519PrivateKey"]) -> None:
    """Add signatures to a configuration; those of other keys that it has stay.

    They hold only where nothing was changed since: agents refuse what a key that they trust has
    signed otherwise.
    """
    content = signed_bytes(config)
    made = {key_name(key): key.sign(content) for key in keys}
    kept = [pair for pair in signatures(config) if pair[0] not in made]
    lines = [
        f"ed25519 {name} {base64.b64encode(signature).decode()}\n"
        for name, signature in [*kept, *made.items()]
    ]
    one = config.config_map[SIGNATURE]
    one.body, one.content_type = "".join(lines).encode(), CONTENT_TYPE


def signatures(config: AgentConfigMap) -> list[tuple[str, bytes]]:
    """The names of the keys that a configuration says it is signed by, each with its signature."""
    if SIGNATURE not in config.config_map:
        return []
    return _signatures(config.config_map[SIGNATURE].body)


def why_not_taken(config: AgentConfigMap, trusted: Sequence[str]) -> str:
    """Why an agent that trusts keys of these names cannot take a configuration; "" where it may.

    Names are all a server has: whether the signature fits only the agent can say.
    """
    names = [name for name, _ in signatures(config)]
    if not names:
        return f"it takes only what key {' or '.join(trusted)} signed, and this is not signed"
    if not set(names) & set(trusted):
        return f"it trusts key {' or '.join(trusted)}, and this is signed by {', '.join(names)}"
    return ""


def why_untrusted(config: AgentConfigMap, trusted: Sequence[PublicKey]) -> str:
    """Why no trusted key has signed a configuration; "" when one has."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if SIGNATURE not in config.config_map:
        return "it is not signed, and only signed configurations are taken here"
    content = signed_bytes(config)
    names = []
    for name, signature in signatures(config):
        names.append(name)
        for key in trusted:
            if key.name != name:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, content)
            except InvalidSignature:
                return f"the signature of key {name} does not fit: the configuration was changed"
            return ""
    if not names:
        return "its signature cannot be read"
    return f"it is signed by {', '.join(names)}, which is not trusted here"


def _signatures(body: bytes) -> list[tuple[str, bytes]]:
    """Key and signature of each line that is one; others are for other readers."""
    found = []
    for line in body.splitlines()[:_SIGNATURES_READ]:
        words = line.decode("ascii", "replace").split()
        if len(words) != 3 or words[0] != "ed25519":
            continue
        try:
            signature = base64.b64decode(words[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        if len(signature) == SIGNATURE_BYTES:
            found.append((words[1], signature))
    return found


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
