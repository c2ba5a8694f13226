"""A configuration as the server keeps and offers it: named objects under one hash.

The hash is the protocol's means of agreement: agents store and compare it and never compute it
(specification, AgentRemoteConfig.config_hash). It is made from the content, so that the same
content pushed twice is the same configuration and restarts nothing. An operator who wants agents
to try again what they refused asks for another attempt, which has another hash.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from otx.errors import UsageError
from otx.opamp.opamp_pb2 import AgentConfigFile, AgentConfigMap, AgentRemoteConfig

SHORT = 8
"""Hexadecimal digits of a hash that people are shown."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What agents are to run.

    Attributes:
        objects: The serialized AgentConfigMap.
        name: What people call it, usually a file's name.
        version: How many of this name there were before, and one.
        attempt: Above 0 where the same content is tried again under a new hash.
    """

    hash: bytes
    objects: bytes = field(repr=False)
    name: str
    version: int = 1
    attempt: int = 0
    who: str = ""
    why: str = ""
    made_ns: int = 0

    @property
    def label(self) -> str:
        """Name, version and the beginning of the hash, for people."""
        return f"{self.name} v{self.version} ({short_hash(self.hash)})"

    def offer(self) -> AgentRemoteConfig:
        """The message that offers it."""
        return AgentRemoteConfig(
            config=AgentConfigMap.FromString(self.objects), config_hash=self.hash
        )


def config_map(files: Mapping[str, tuple[bytes, str]]) -> AgentConfigMap:
    """Name -> (body, MIME type) as the message has it."""
    return AgentConfigMap(
        config_map={
            name: AgentConfigFile(body=body, content_type=kind)
            for name, (body, kind) in files.items()
        }
    )


def read_objects(objects: Mapping[str, Any]) -> AgentConfigMap:
    """The objects of a JSON document: name -> {"body": text} or {"body_base64": …}.

    Each may have a `content_type` (text/yaml).

    Raises:
        UsageError: A key is missing or has another type.
    """
    return config_map({str(name): _object(str(name), one) for name, one in objects.items()})


def objects_document(config: AgentConfigMap) -> dict[str, dict[str, str]]:
    """What `read_objects` reads: text where a body is text, else base64."""
    return {
        name: {**_body(one.body), "content_type": one.content_type}
        for name, one in sorted(config.config_map.items())
    }


def config_hash(objects: AgentConfigMap, attempt: int = 0) -> bytes:
    """SHA-256 over all names, types and bodies, each with its length, whatever the map's order."""
    digest = hashlib.sha256(b"otx config 1" + attempt.to_bytes(8, "big"))
    for name in sorted(objects.config_map):
        file = objects.config_map[name]
        for part in (name.encode(), file.content_type.encode(), file.body):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.digest()


def short_hash(hash_: bytes) -> str:
    """The beginning of a hash."""
    return hash_.hex()[:SHORT]


def _object(name: str, one: Any) -> tuple[bytes, str]:
    if not isinstance(one, dict):
        raise UsageError(f"object {name!r} is no JSON object with a body")
    kind = str(one.get("content_type", "text/yaml"))
    try:
        if isinstance(one.get("body"), str):
            return one["body"].encode(), kind
        return base64.b64decode(str(one["body_base64"]), validate=True), kind
    except (KeyError, binascii.Error):
        raise UsageError(f"object {name!r} has neither body nor body_base64") from None
    except UnicodeEncodeError:
        raise UsageError(f"object {name!r} has half a character in its body") from None


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}
