"""Signed configurations: what is signed, by whom, and what is not taken."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.signing import (
    SIGNATURE,
    PublicKey,
    private_key,
    public_key,
    sign,
    signed_bytes,
    why_untrusted,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def pem(key: Ed25519PrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def trusted(key: Ed25519PrivateKey) -> PublicKey:
    return public_key(pem(key))


def config(objects: dict[str, str]) -> AgentConfigMap:
    made = AgentConfigMap()
    for name, body in objects.items():
        made.config_map[name].body = body.encode()
    return made


OBJECTS = st.dictionaries(
    st.text(max_size=5).filter(lambda it: it != SIGNATURE), st.text(max_size=9)
)


@given(OBJECTS)
def test_what_a_trusted_key_signed_is_taken(objects: dict[str, str]) -> None:
    offer = config(objects)
    sign(offer, [OTHER, KEY])
    assert why_untrusted(offer, [trusted(KEY)]) == ""
    assert (
        why_untrusted(AgentConfigMap.FromString(offer.SerializeToString()), [trusted(OTHER)]) == ""
    )


@given(OBJECTS, OBJECTS)
def test_no_two_configurations_have_the_same_bytes(a: dict[str, str], b: dict[str, str]) -> None:
    assume(a != b)
    assert signed_bytes(config(a)) != signed_bytes(config(b))


def test_whatever_is_changed_is_not_taken() -> None:
    offer = config({"a": "1"})
    sign(offer, [KEY])
    for change in range(4):
        changed = AgentConfigMap()
        changed.CopyFrom(offer)
        match change:
            case 0:
                changed.config_map["a"].body = b"2"
            case 1:
                changed.config_map["a"].content_type = "x"
            case 2:
                changed.config_map["b"].body = b""
            case 3:
                del changed.config_map["a"]
        assert "was changed" in why_untrusted(changed, [trusted(KEY)])


def test_without_a_signature_of_a_trusted_key_nothing_is_taken() -> None:
    offer = config({"a": "1"})
    assert "not signed" in why_untrusted(offer, [trusted(KEY)])
    sign(offer, [OTHER])
    assert "not trusted here" in why_untrusted(offer, [trusted(KEY)])
    offer.config_map[SIGNATURE].body = b"ed25519 x"
    assert "cannot be read" in why_untrusted(offer, [trusted(KEY)])


@given(st.binary(max_size=100))
def test_any_signature_is_read_without_a_fault(body: bytes) -> None:
    offer = config({"a": "1"})
    offer.config_map[SIGNATURE].body = body
    assert why_untrusted(offer, [trusted(KEY)])


def test_keys_are_read_from_pem_and_base64() -> None:
    raw = KEY.public_key().public_bytes_raw()
    assert trusted(KEY).raw == raw
    assert public_key(base64.b64encode(raw).decode() + "\n") == trusted(KEY)
    secret = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert private_key(secret).public_key().public_bytes_raw() == raw


def test_other_keys_are_refused() -> None:
    rsa = generate_private_key(65537, 1024)
    public = rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = rsa.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UsageError, match="not an ed25519 key"):
        public_key(public.decode())
    with pytest.raises(UsageError, match="not an ed25519 key"):
        private_key(secret.decode())
    for text in ("", "words", "AAAA"):
        with pytest.raises(UsageError):
            public_key(text)
        with pytest.raises(UsageError):
            private_key(text)
