"""What is remembered of one part of a report, and what is different in the next: in a few words.

Nothing here keeps a body: of a configuration there are digests of its lines, of health its words.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from otx.model.cells import shorten
from otx.model.units import counted
from otx.opamp.document import attributes_of
from otx.opamp.opamp_pb2 import AgentConfigMap, AgentDescription, AnyValue, ComponentHealth

LONGEST_TEXT = 160
"""Cells of a text of the other side in a line, such as an error."""
LONGEST_VALUE = 60
MOST_NAMED = 3
"""Changes that are named one by one; of more there is the number."""
MOST_COMPONENTS = 10_000
"""Components whose health is remembered."""
MOST_LINES = 20_000
"""Lines of an object that are told apart."""
MOST_ATTRIBUTES = 128
DIGITS = 8


def hash_text(value: bytes) -> str:
    """The first digits of a hash, as people compare them; `(none)` where it is empty."""
    text = value.hex()
    return (text[:DIGITS] + "…" if len(text) > DIGITS else text) or "(none)"


def quoted(text: str, longest: int = LONGEST_TEXT) -> str:
    """A text of the other side, on one line and cut."""
    return shorten(text.strip(), longest)


def named(changes: list[str]) -> str:
    """Changes side by side, the first few by name."""
    rest = len(changes) - MOST_NAMED
    return ", ".join(changes[:MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class Health:
    """Health of the agent, under "", and of each component under its path."""

    by_path: dict[str, tuple[bool, str, str]]
    start_ns: int = 0
    attributes: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, health: ComponentHealth) -> "Health":
        """What a report says."""
        by_path: dict[str, tuple[bool, str, str]] = {}
        waiting = [("", health)]
        while waiting and len(by_path) < MOST_COMPONENTS:
            path, one = waiting.pop()
            by_path[path] = (one.healthy, quoted(one.status), quoted(one.last_error))
            nested = sorted(one.component_health_map.items(), reverse=True)
            waiting.extend((f"{path}/{name}" if path else name, child) for name, child in nested)
        attributes = sorted(
            (quoted(pair.key, LONGEST_VALUE), _value_digest(pair.value))
            for pair in health.attributes[:MOST_ATTRIBUTES]
        )
        return cls(by_path, health.start_time_unix_nano, tuple(attributes))

    def told(self, before: "Health | None") -> str:
        """What it is, or what has changed since."""
        if before is None:
            ill = [path for path, (is_healthy, _, _) in self.by_path.items() if not is_healthy]
            inner = [quoted(path, LONGEST_VALUE) for path in ill if path]
            beside = f" ({named(inner)} unhealthy)" if inner else ""
            return _condition(self.by_path[""]) + beside
        changes = [
            _step(path, before.by_path.get(path), one)
            for path, one in self.by_path.items()
            if before.by_path.get(path) != one
        ]
        changes += [f"{quoted(path)} gone" for path in before.by_path if path not in self.by_path]
        if before.start_ns and self.start_ns and self.start_ns != before.start_ns:
            changes.append("started anew")
        known = dict(before.attributes)
        differ = [key for key, value in self.attributes if known.get(key) != value]
        if differ:
            changes.append(f"{named(differ)} changed")
        return f"health {named(changes)}" if changes else "health again, unchanged"


def _value_digest(value: AnyValue) -> bytes:
    """Eight bytes that tell whether two values are the same; a value itself may be secret."""
    return hashlib.blake2b(value.SerializeToString(deterministic=True), digest_size=8).digest()


def _condition(one: tuple[bool, str, str]) -> str:
    is_healthy, status, error = one
    said = error or (status if not is_healthy else "")
    return ("healthy" if is_healthy else "unhealthy") + (f": {said}" if said else "")


def _step(path: str, was: tuple[bool, str, str] | None, now: tuple[bool, str, str]) -> str:
    who = f"{quoted(path, LONGEST_VALUE)} " if path else ""
    if was is None:
        return f"{who}new, {_condition(now)}"
    if was[0] == now[0]:
        said = " ".join(part for part in (now[1], now[2]) if part)
        return f"{who}still {'healthy' if now[0] else 'unhealthy'}, now {said or 'without a word'}"
    return f"{who}{'healthy' if was[0] else 'unhealthy'} → {_condition(now)}"


@dataclass(frozen=True, slots=True)
class Lines:
    """A configuration: of each object the digests of its lines."""

    by_key: "dict[str, array[int]]"

    @classmethod
    def of(cls, config: AgentConfigMap) -> "Lines":
        """The objects of a configuration."""
        return cls(
            {
                key: array("Q", map(_digest, _lines(one.body)))
                for key, one in config.config_map.items()
            }
        )

    @property
    def size(self) -> str:
        """How much it is."""
        lines = sum(map(len, self.by_key.values()))
        return f"{counted(len(self.by_key), 'object')}, {counted(lines, 'line')}"

    def told(self, before: "Lines | None") -> str:
        """How much it is, or how many lines have changed since."""
        if before is None:
            return f"effective config: {self.size}"
        changes = []
        for key in sorted({*self.by_key, *before.by_key}):
            difference = _lines_changed(before.by_key.get(key), self.by_key.get(key))
            name = f" in {quoted(key, LONGEST_VALUE)}" if len(self.by_key) > 1 else ""
            if difference:
                changes.append(difference + name)
        return f"effective config: {named(changes)}" if changes else "effective config, unchanged"


def _lines(body: bytes) -> list[bytes]:
    """The lines of a text; what comes after `MOST_LINES` is one more."""
    lines = body.split(b"\n", MOST_LINES)
    if not lines[-1]:
        lines.pop()
    return lines


def _digest(line: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(line, digest_size=8).digest(), "big")


def _lines_changed(before: "array[int] | None", now: "array[int] | None") -> str:
    if before is None or now is None:
        return "object added" if before is None else "object removed"
    if before == now:
        return ""
    was, is_now = Counter(before), Counter(now)
    added, removed = (is_now - was).total(), (was - is_now).total()
    if not added and not removed:
        return "lines in another order"
    if added == removed:
        return f"{counted(added, 'line')} changed"
    signs = [f"+{added}" if added else "", f"−{removed}" if removed else ""]
    return f"{' '.join(filter(None, signs))} lines"


def description_of(description: AgentDescription) -> dict[str, str]:
    """Attributes of a description, identifying ones first, each as short text."""
    pairs = [*description.identifying_attributes, *description.non_identifying_attributes]
    found = attributes_of(pairs[:MOST_ATTRIBUTES], show_secrets=False)
    return {key: quoted(str(value), LONGEST_VALUE) for key, value in found.items()}


def description_told(now: Mapping[str, str], before: Mapping[str, str] | None) -> str:
    """Who it is, or which attributes have changed since."""
    if before is None:
        return f"is {_who(now)}"
    changes = [
        f"{quoted(key, LONGEST_VALUE)} {before.get(key, '(new)')} → {now.get(key, '(gone)')}"
        for key in dict.fromkeys([*now, *before])
        if now.get(key) != before.get(key)
    ]
    return f"description: {named(changes)}" if changes else "description again, unchanged"


def _who(attributes: Mapping[str, str]) -> str:
    name = attributes.get("service.name", "(no service.name)")
    version = attributes.get("service.version", "")
    host = attributes.get("host.name", "")
    return " ".join(filter(None, [name, version, f"on {host}" if host else ""]))


def set_change(now: Iterable[str], before: Iterable[str]) -> str:
    """`+new −gone` of two sets of words."""
    now, before = list(now), list(before)
    plus = [f"+{word}" for word in now if word not in before]
    minus = [f"−{word}" for word in before if word not in now]
    return " ".join([*plus, *minus])
