"""Which rules of OTLP profiles a request breaks: what a strict reader would refuse it for.

The rules are those of the messages' own comments (opentelemetry-proto, profiles/v1development) and
of the profiling group's checker. A request that breaks some can often be read all the same.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

FRAME_TYPE = "profile.frame.type"
"""The attribute of a location that says what runs there (semantic conventions, profiles)."""

TABLES = ("mapping", "location", "function", "link", "string", "attribute", "stack")
_TRACE_ID_BYTES, _SPAN_ID_BYTES, _PROFILE_ID_BYTES = 16, 8, 16
_PLACES = 3
"""Places of one rule that are told: a broken writer breaks it everywhere."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule, and where it is broken.

    Attributes:
        rule: The rule's name, stable.
        place: The field, as `dictionary.stack_table[3].location_indices`.
        text: What is wrong there.
    """

    rule: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def broken_rules(request: Any) -> list[BrokenRule]:
    """The rules that a request of profiles breaks, some places of each.

    Args:
        request: An `ExportProfilesServiceRequest` or `ProfilesData` message.
    """
    check = _Check(request)
    told: Counter[str] = Counter()
    found = []
    for broken in chain(check.zero_entries(), check.tables(), check.profiles(), check.uses()):
        told[broken.rule] += 1
        if told[broken.rule] <= _PLACES:
            found.append(broken)
    return found


class _Check:
    """Goes through one request, and remembers which entries of the tables are used."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._dictionary = request.dictionary
        self._sizes = {name: len(self._table(name)) for name in TABLES}
        self._used: dict[str, set[int]] = {name: {0} for name in TABLES}

    def zero_entries(self) -> Iterator[BrokenRule]:
        """The first entry of each table stands for nothing."""
        if not self._request.resource_profiles and not any(self._sizes.values()):
            return
        for name in TABLES:
            place = f"dictionary.{name}_table[0]"
            if not self._sizes[name]:
                yield BrokenRule("zero entry", place, "is missing")
                continue
            first = self._table(name)[0]
            is_zero = first == "" if name == "string" else not first.ListFields()
            if name == "link":  # ids of zeros are as good, and better for strict readers
                is_zero = not any(first.trace_id) and not any(first.span_id)
            if not is_zero:
                yield BrokenRule("zero entry", place, "is not empty")

    def tables(self) -> Iterator[BrokenRule]:
        """What stands in the tables, entry by entry."""
        yield from self._duplicates()
        for name, check in (
            ("mapping", self._mapping),
            ("location", self._location),
            ("function", self._function),
            ("link", self._link),
            ("attribute", self._attribute),
            ("stack", self._stack),
        ):
            for index, entry in enumerate(self._table(name)):
                yield from check(f"dictionary.{name}_table[{index}]", entry)

    def profiles(self) -> Iterator[BrokenRule]:
        """Every profile and its samples."""
        for i, resource in enumerate(self._request.resource_profiles):
            for j, scope in enumerate(resource.scope_profiles):
                for k, profile in enumerate(scope.profiles):
                    at = f"resource_profiles[{i}].scope_profiles[{j}].profiles[{k}]"
                    yield from self._profile(at, profile)

    def uses(self) -> Iterator[BrokenRule]:
        """Entries that nothing refers to; to be asked last."""
        for name in TABLES:
            for index in range(self._sizes[name]):
                if index not in self._used[name]:
                    place = f"dictionary.{name}_table[{index}]"
                    yield BrokenRule("orphan", place, "nothing refers to it")

    def _table(self, name: str) -> Sequence[Any]:
        table: Sequence[Any] = getattr(self._dictionary, f"{name}_table")
        return table

    def _duplicates(self) -> Iterator[BrokenRule]:
        for name in TABLES:
            seen: dict[object, int] = {}
            for index, entry in enumerate(self._table(name)):
                key = entry if name == "string" else entry.SerializeToString(deterministic=True)
                first = seen.setdefault(key, index)
                if first != index:
                    place = f"dictionary.{name}_table[{index}]"
                    yield BrokenRule("duplicate", place, f"is the same as entry {first}")

    def _refer(self, place: str, name: str, index: int) -> Iterator[BrokenRule]:
        if 0 <= index < max(1, self._sizes[name]):
            self._used[name].add(index)
        else:
            text = f"there is no {name} {index} in a table of {self._sizes[name]}"
            yield BrokenRule("index range", place, text)

    def _mapping(self, at: str, mapping: Any) -> Iterator[BrokenRule]:
        yield from self._refer(f"{at}.filename_strindex", "string", mapping.filename_strindex)
        yield from self._attributes(at, mapping.attribute_indices)
        start, limit = mapping.memory_start, mapping.memory_limit
        if (start or limit) and start >= limit:
            text = f"memory_start {start:#x} is not below memory_limit {limit:#x}"
            yield BrokenRule("memory range", at, text)

    def _location(self, at: str, location: Any) -> Iterator[BrokenRule]:
        yield from self._refer(f"{at}.mapping_index", "mapping", location.mapping_index)
        yield from self._attributes(at, location.attribute_indices)
        for index, line in enumerate(location.lines):
            place = f"{at}.lines[{index}]"
            yield from self._refer(f"{place}.function_index", "function", line.function_index)
            if line.line < 0 or line.column < 0:
                yield BrokenRule("negative line", place, f"line {line.line}, column {line.column}")

    def _function(self, at: str, function: Any) -> Iterator[BrokenRule]:
        for field in ("name_strindex", "system_name_strindex", "filename_strindex"):
            yield from self._refer(f"{at}.{field}", "string", getattr(function, field))
        if function.start_line < 0:
            yield BrokenRule("negative line", at, f"start_line {function.start_line}")

    def _link(self, at: str, link: Any) -> Iterator[BrokenRule]:
        if not link.trace_id and not link.span_id and at.endswith("[0]"):
            return
        for field, size in (("trace_id", _TRACE_ID_BYTES), ("span_id", _SPAN_ID_BYTES)):
            length = len(getattr(link, field))
            if length != size:
                yield BrokenRule("id length", f"{at}.{field}", f"{length} bytes, not {size}")

    def _attribute(self, at: str, attribute: Any) -> Iterator[BrokenRule]:
        yield from self._refer(f"{at}.key_strindex", "string", attribute.key_strindex)
        yield from self._refer(f"{at}.unit_strindex", "string", attribute.unit_strindex)
        value = attribute.value
        if value.WhichOneof("value") == "string_value_strindex":
            index = value.string_value_strindex
            yield from self._refer(f"{at}.value.string_value_strindex", "string", index)

    def _stack(self, at: str, stack: Any) -> Iterator[BrokenRule]:
        for index in set(stack.location_indices):
            yield from self._refer(f"{at}.location_indices", "location", index)

    def _attributes(self, at: str, indices: Sequence[int]) -> Iterator[BrokenRule]:
        keys: set[int] = set()
        for index in indices:
            broken = list(self._refer(f"{at}.attribute_indices", "attribute", index))
            yield from broken
            if broken or not index:
                continue
            key = self._table("attribute")[index].key_strindex
            if key in keys:
                yield BrokenRule("repeated key", f"{at}.attribute_indices", f"key {key} twice")
            keys.add(key)

    def _profile(self, at: str, profile: Any) -> Iterator[BrokenRule]:
        for field in ("sample_type", "period_type"):
            kind = getattr(profile, field)
            yield from self._refer(f"{at}.{field}.type_strindex", "string", kind.type_strindex)
            yield from self._refer(f"{at}.{field}.unit_strindex", "string", kind.unit_strindex)
        yield from self._attributes(at, profile.attribute_indices)
        if profile.profile_id and len(profile.profile_id) != _PROFILE_ID_BYTES:
            text = f"{len(profile.profile_id)} bytes, not {_PROFILE_ID_BYTES}"
            yield BrokenRule("id length", f"{at}.profile_id", text)
        shapes: dict[str, int] = {}
        identities: dict[object, int] = {}
        for index, sample in enumerate(profile.samples):
            place = f"{at}.samples[{index}]"
            yield from self._sample(place, sample, profile)
            shapes.setdefault(_shape(sample), index)
            identity = (sample.stack_index, frozenset(sample.attribute_indices), sample.link_index)
            if (first := identities.setdefault(identity, index)) != index:
                text = f"has the stack, attributes and link of sample {first}"
                yield BrokenRule("sample identity", place, text)
        if len(shapes) > 1:
            text = " and ".join(f"{shape} (sample {index})" for shape, index in shapes.items())
            yield BrokenRule("sample shape", f"{at}.samples", f"have more than one shape: {text}")

    def _sample(self, at: str, sample: Any, profile: Any) -> Iterator[BrokenRule]:
        yield from self._refer(f"{at}.stack_index", "stack", sample.stack_index)
        yield from self._refer(f"{at}.link_index", "link", sample.link_index)
        yield from self._attributes(at, sample.attribute_indices)
        values, times = len(sample.values), len(sample.timestamps_unix_nano)
        if not values and not times:
            yield BrokenRule("sample shape", at, "has neither values nor timestamps")
        elif not times and values != 1:
            yield BrokenRule("one value", at, f"has {values} values and no timestamps")
        elif times and values and times != values:
            yield BrokenRule("sample shape", at, f"has {values} values for {times} timestamps")
        begin = profile.time_unix_nano
        end = begin + profile.duration_nano
        for time in sample.timestamps_unix_nano:
            # A profile that is no longer than one moment has its samples at it.
            if not begin <= time < max(end, begin + 1):
                yield BrokenRule("timestamp range", at, f"{time} is not in [{begin}, {end})")
                return


def _shape(sample: Any) -> str:
    if not sample.timestamps_unix_nano:
        return "values"
    return "values and timestamps" if sample.values else "timestamps"
