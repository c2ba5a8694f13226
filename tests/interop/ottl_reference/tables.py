"""The data files: signatures, values worth giving, paths, documents and texts of configurations.

A parameter is `Name:domain` in `functions.txt`; `?` behind it says that it is optional, `[domain]`
that it is a list, `!` that only attributes give its values.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.ottl_reference.values import Json, Stored, decoded

_DATA = Path(__file__).with_name("data")


def _read(name: str) -> Json:
    return json.loads((_DATA / name).read_text("utf-8"))


def _domains() -> dict[str, list[Any]]:
    found = {name: decoded(values) for name, values in _read("domains.json").items()}
    found["path"] += found["text_path"] + found["map_path"] + found["list_path"]
    return found


DOMAINS = _domains()
"""Values by domain; those of a path domain are expressions."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function."""

    name: str
    domain: str
    is_optional: bool
    is_list: bool
    is_stored: bool

    def values(self) -> Sequence[Any]:
        """What is worth giving for it."""
        found = DOMAINS[self.domain]
        return [Stored(one) for one in found] if self.is_stored else found


@dataclass(frozen=True)
class Signature:
    """A function's name and parameters."""

    name: str
    parameters: tuple[Parameter, ...]


def _signatures() -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    group: list[Signature] = []
    for line in (_DATA / "functions.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            group = found[line.strip("[]")] = []
        elif line:
            name, _, rest = line.rstrip(")").partition("(")
            parts = filter(None, rest.split(", "))
            group.append(Signature(name, tuple(_parameter(part) for part in parts)))
    return found


def _parameter(text: str) -> Parameter:
    name, _, domain = text.partition(":")
    return Parameter(name, domain.strip("[]?!"), domain.endswith("?"), "[" in domain, "!" in domain)


SIGNATURES = _signatures()
"""By group: converters, editors, lambdas …"""

_PATHS = _read("paths.json")
ENUMS: list[str] = _PATHS["enums"]
CONTEXTS: list[str] = list(_PATHS["parents"])


def paths(context: str) -> list[str]:
    """Paths that a context may know: its own, its parents', and some that it does not."""
    own = _keyed(_PATHS[context])
    above = [f"{one}.{path}" for one in _PATHS["parents"][context] for path in _keyed(_PATHS[one])]
    return [*own, *(f"{context}.{one}" for one in own[-12:]), *above, *_PATHS["stray"]]


def _keyed(names: Sequence[str]) -> list[str]:
    """The paths of a list; `name[]` stands for a map without and with keys."""
    found = []
    for name in names:
        if name.endswith("[]"):
            found += [name.removesuffix("[]") + keys for keys in _PATHS["keys"]]
        else:
            found.append(name)
    return found


_DOCUMENTS = _read("documents.json")
LOGS: Json = _DOCUMENTS["logs"]
SPANS: Json = _DOCUMENTS["spans"]


def metrics(*kinds: int) -> Json:
    """A document of metrics: 0 gauge, 1 sum, 2 histogram, 3 exponential, 4 summary, 5 none."""
    document: Json = json.loads(json.dumps(_DOCUMENTS["metrics"]))
    scope = document["resourceMetrics"][0]["scopeMetrics"][0]
    scope["metrics"] = [_DOCUMENTS["kinds"][kind] for kind in kinds]
    return document


CONFIGURATIONS: Json = _read("configurations.json")
"""Statements, conditions and routes that configurations are put together from."""
