"""Files as the objects of a configuration, signed or not.

A configuration is a map of objects by name. One file is the object without a name, as agents of a
single configuration expect it; of several each has the name of its file, and `NAME=FILE` chooses
another. What `otx opamp sign` writes has all objects in one JSON document and is pushed as it is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from otx.environment import Environment
from otx.errors import UsageError, missing_extra
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.server.configuration import config_map, objects_document, read_objects
from otx.opamp.server.documents import Document
from otx.opamp.signing import SIGNATURE, sign, signatures

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONTENT_TYPES = {
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".json": "application/json",
    ".toml": "application/toml",
    ".txt": "text/plain",
}
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A configuration on its way to agents.

    Attributes:
        name: What people call it; no object's name.
    """

    name: str
    config: AgentConfigMap

    def document(self) -> Document:
        """The form in which signed ones are kept; `read_parcel` reads it."""
        return {"name": self.name, "objects": objects_document(self.config)}


def read_parcel(
    environment: Environment,
    files: Sequence[str],
    content_type: str | None = None,
    key: str | None = None,
) -> Parcel:
    """The configuration of `FILE` and `NAME=FILE`; YAML has to be YAML.

    Args:
        content_type: What all of them are; None goes by their endings.
        key: The name of the object of a single file; None is its own rule.

    Raises:
        UsageError: A file cannot be read or is not what its type says, or names clash.
    """
    pairs = [_named(environment, word, is_only=len(files) == 1) for word in files]
    if sum(path == STDIN for _, path in pairs) > 1:
        raise UsageError("stdin can be read once", hint="name a file for the others")
    bodies = [read_file(environment, path) for _, path in pairs]
    if (signed := _signed(pairs, bodies)) is not None:
        if key is not None or content_type is not None:
            raise UsageError(
                "what is signed is pushed as it is: name and type of its objects are signed, too",
                hint="leave --key and --content-type out, or sign it anew",
            )
        return signed
    if key is not None:
        if len(pairs) > 1 or pairs[0][0]:
            raise UsageError("--key names the object of one FILE", hint="NAME=FILE for several")
        pairs = [(key, pairs[0][1])]
    objects: dict[str, tuple[bytes, str]] = {}
    for (name, path), body in zip(pairs, bodies, strict=True):
        if name == SIGNATURE:
            raise UsageError(f"{SIGNATURE} is the name of signatures", hint="NAME=FILE")
        if name in objects:
            raise UsageError(f"two objects are called {name!r}", hint="NAME=FILE names one anew")
        objects[name] = (body, _type_of(path, body, content_type))
    label = "+".join("stdin" if path == STDIN else PurePath(path).name for _, path in pairs)
    return Parcel(label, config_map(objects))


def sign_parcel(parcel: Parcel, keys: Sequence["Ed25519PrivateKey"]) -> None:
    """Add signatures; those of other keys stay."""
    if keys:
        sign(parcel.config, keys)


def _named(environment: Environment, word: str, *, is_only: bool) -> tuple[str, str]:
    """Object name and path of a word; a file whose name has a `=` in it is a file."""
    name, mark, path = word.partition("=")
    if mark and not (environment.cwd / word).exists():
        if not path:
            raise UsageError(f"{word} names no file", hint="NAME=FILE")
        return name, path
    if is_only:
        return "", word
    if word == STDIN:
        raise UsageError("stdin has no name among several files", hint="NAME=-")
    return PurePath(word).name, word


def _signed(pairs: Sequence[tuple[str, str]], bodies: Sequence[bytes]) -> Parcel | None:
    """What `otx opamp sign` wrote; None where no file is such a document."""
    for (_, path), body in zip(pairs, bodies, strict=True):
        document = _json_object(body)
        objects = document.get("objects")
        if not isinstance(objects, dict) or SIGNATURE not in objects:
            continue
        if len(pairs) > 1:
            raise UsageError(
                f"{path} is signed as a whole and goes alone", hint="sign all files together"
            )
        config, name = read_objects(objects), document.get("name")
        if not signatures(config):
            raise UsageError(f"{path}: its signature cannot be read", hint="`otx opamp sign`")
        return Parcel(str(name) if name else PurePath(path).name, config)
    return None


def _json_object(body: bytes) -> dict[str, Any]:
    if not body.lstrip().startswith(b"{"):
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _type_of(path: str, body: bytes, content_type: str | None) -> str:
    ending = PurePath(path).suffix.lower()
    kind = content_type or CONTENT_TYPES.get(ending, "text/yaml" if path == STDIN else "")
    if kind == "text/yaml":
        check_yaml(body, path)
    return kind


def read_file(environment: Environment, path: str) -> bytes:
    """The bytes of a file, or of stdin.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return environment.stdin.read() if path == STDIN else (environment.cwd / path).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def check_yaml(body: bytes, path: str) -> None:
    """Raise a UsageError with the place where a text is no YAML."""
    try:
        import yaml  # 15 ms
    except ImportError as error:
        raise missing_extra(error.name or "yaml", "opamp") from None
    try:
        yaml.safe_load(body)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        raise UsageError(
            f"{place}: error: {error.problem or 'no YAML'}", hint="--content-type says what it is"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise UsageError(
            f"{path}: error: no YAML: {why}", hint="--content-type says what it is"
        ) from None
