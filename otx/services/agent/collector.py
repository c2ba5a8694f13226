"""What a Collector's binary says of itself: its name, its version, and the components it has."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from otx.opamp.opamp_pb2 import AvailableComponents
from otx.services.agent.checks import ask

TIMEOUT_S = 15.0
LARGEST_BYTES = 1 << 20
KINDS = ("receivers", "processors", "exporters", "extensions", "connectors", "providers")


@dataclass(frozen=True, slots=True)
class Build:
    """A Collector as it was built; empty texts where it does not say."""

    name: str
    version: str
    components: AvailableComponents


async def build_of(binary: str, environment: dict[str, str]) -> Build | None:
    """What `BINARY components` prints; None where it prints nothing of the kind."""
    text = await ask([binary, "components"], environment, TIMEOUT_S, LARGEST_BYTES)
    return None if text is None else read_build(text)


def read_build(text: bytes) -> Build | None:
    """The build that a Collector describes in YAML; None where it is none."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(document, Mapping):
        return None
    info = document.get("buildinfo")
    info = info if isinstance(info, Mapping) else {}
    components = AvailableComponents()
    for kind in KINDS:
        for entry in _entries(document.get(kind)):
            details = components.components[kind].sub_component_map[entry["name"]]
            for key, name in (("module", "code.namespace"), ("version", "version")):
                if isinstance(entry.get(key), str):
                    details.metadata.add(key=name).value.string_value = entry[key]
    components.hash = hashlib.sha256(components.SerializeToString(deterministic=True)).digest()
    return Build(str(info.get("command", "")), str(info.get("version", "")), components)


def _entries(value: Any) -> list[Mapping[str, Any]]:
    """The components of a kind: maps with a name, or, as old Collectors print them, names."""
    found: list[Mapping[str, Any]] = []
    for entry in value if isinstance(value, list) else []:
        if isinstance(entry, str):
            found.append({"name": entry})
        elif isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            found.append(entry)
    return found
