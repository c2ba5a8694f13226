"""otx's own parts under a configuration: what an agent without a command runs.

    receive:                      # `otx receive`
      grpc: 127.0.0.1:4317
      http: 127.0.0.1:4318
      store: /var/lib/otx/store
      retain: [24h, 10GiB]
      transform:                  # what `otx receive --transform` takes, here or in a file
        transform/names:
          trace_statements: ['set(span.name, "x")']
    profile:                      # `otx profile`, again and again
      - {every: 10m, duration: 30s, all: true, frequency: 49, export: "http://127.0.0.1:4318"}

`PARTS` is the seam: a further part is one more section with a reader. A part that runs all the time
says with which words it is started; one that comes and goes says when.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from otx.errors import UsageError
from otx.model.units import parse_duration_ns
from otx.services.agent.health import Check, reachable_host
from otx.services.agent.state import write_whole

TRANSFORM = "transform.yaml"
OTX = (sys.executable, "-m", "otx")
LEAST_PAUSE_S = 1.0
DEFAULT_HTTP = "127.0.0.1:4318"


@dataclass(frozen=True, slots=True)
class Recurring:
    """A command that is run again and again."""

    words: tuple[str, ...]
    every_s: float


@dataclass
class Plan:
    """What a configuration asks otx to run.

    Attributes:
        words: The process that runs all the time; empty for none.
        check: How one sees that the process accepts; None: it cannot be asked.
        transform: Rules that go into a file beside the state; None for none, or a file's name.
    """

    words: tuple[str, ...] = ()
    recurring: list[Recurring] = field(default_factory=list)
    check: Check | None = None
    transform: Any = None

    @property
    def has_transform(self) -> bool:
        """Whether the process loads OTTL, wherever its rules stand."""
        return "--transform" in self.words

    def write(self, folder: Path) -> None:
        """Write the files that the words name."""
        if self.transform is not None:
            text = yaml.safe_dump(self.transform, sort_keys=False)
            write_whole(folder / TRANSFORM, text.encode())


def read_plan(text: bytes | None, folder: Path) -> Plan:
    """What a configuration asks for.

    Args:
        folder: Where files are that a part needs.

    Raises:
        UsageError: It is no configuration of otx's parts.
    """
    try:
        document = yaml.safe_load(text or b"")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"no YAML: {' '.join(str(error).split())}") from None
    plan = Plan()
    if document is None:
        return plan
    if not isinstance(document, Mapping):
        raise UsageError("the configuration of otx's parts is no map")
    for name, section in document.items():
        if name not in PARTS:
            raise UsageError(f"otx has no part {name!r}", hint=f"parts: {', '.join(PARTS)}")
        PARTS[name](section, plan, folder)
    return plan


def _receive(section: Any, plan: Plan, folder: Path) -> None:
    settings = _map(
        section, "receive", {"grpc", "http", "store", "retain", "transform", "max-request"}
    )
    words = [*OTX, "receive", "--print", "none"]
    for key in ("grpc", "http", "store", "max-request"):
        if key in settings:
            words += [f"--{key}", _text(settings[key], f"receive.{key}")]
    for one in _list(settings.get("retain"), "receive.retain"):
        words += ["--retain", _text(one, "receive.retain")]
    transform = settings.get("transform")
    if isinstance(transform, str):
        words += ["--transform", transform]
    elif transform is not None:
        plan.transform = _map(transform, "receive.transform", None)
        words += ["--transform", str(folder / TRANSFORM)]
    plan.words = tuple(words)
    plan.check = _accepts(str(settings.get("http", DEFAULT_HTTP)))


def _accepts(address: str) -> Check | None:
    """The receiver answers on its HTTP address; a ping counts as no request there."""
    host, _, port = address.rpartition(":")
    if not port.isdigit() or port == "0" or address.startswith("unix:"):
        return None
    return Check(reachable_host(host), int(port), "*", method="OPTIONS")


def _profile(section: Any, plan: Plan, folder: Path) -> None:
    known = {"every", "duration", "all", "pid", "comm", "cgroup", "frequency", "export", "store"}
    for number, entry in enumerate(_list(section, "profile")):
        place = f"profile[{number}]"
        settings = _map(entry, place, known)
        if "every" not in settings or not ({"export", "store"} & set(settings)):
            raise UsageError(f"{place} needs `every`, and `export` or `store`")
        words = [*OTX, "profile", "--duration", _text(settings.get("duration", "10s"), place)]
        words += ["--all"] if settings.get("all") is True else []
        for key in ("pid", "comm", "cgroup", "frequency", "export", "store"):
            if key in settings:
                words += [f"--{key}", _text(settings[key], f"{place}.{key}")]
        every_s = parse_duration_ns(_text(settings["every"], place)) / 1e9
        plan.recurring.append(Recurring(tuple(words), max(LEAST_PAUSE_S, every_s)))


PARTS: dict[str, Callable[[Any, Plan, Path], None]] = {"receive": _receive, "profile": _profile}
"""Section of a configuration -> what reads it into a plan."""


def _map(value: Any, place: str, known: set[str] | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{place} is no map")
    for key in value:
        if known is not None and key not in known:
            raise UsageError(f"{place} has no {key!r}", hint=f"known: {', '.join(sorted(known))}")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _text(value: Any, place: str) -> str:
    """A word of a command line; one that begins with a dash would be another flag."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{place} is no text")
    text = str(value)
    if text.startswith("-"):
        raise UsageError(f"{place}: {text!r} begins with a dash")
    return text
