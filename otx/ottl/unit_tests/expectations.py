"""What a test expects: changes, whole records, drops, a failure, routes.

Whatever a test does not name has to stay as the input is, and nothing may fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from otx.model.signal import Signal
from otx.ottl.changes import Steps
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.shortened import Short
from otx.ottl.unit_tests.findings import OpenFile
from otx.ottl.unit_tests.inputs import read_records
from otx.ottl.unit_tests.record_paths import Changes, InvalidPath, applied, parse_path
from otx.ottl.unit_tests.record_state import normalised, request_of
from otx.ottl.unit_tests.yaml_values import Unreadable, listing, mapping, text_of
from otx.ottl.yaml_places import YamlPath

KEYS = ("changes", "expect", "dropped", "error", "routes")
"""The keys of a test that say what it expects."""

Dropped: TypeAlias = frozenset[int] | int
"""Which records are dropped, or how many."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test expects; None for what it does not say.

    Attributes:
        given: The keys that say it.
        changed: The states of the records that change, by their position in the input.
        records: The states of all records; one that names no resource or scope keeps its own.
        dropped: Which records are dropped.
        errors: Words of the failures that have to come, and no others.
        routes: For each pipeline the positions of the records that go there.
    """

    given: frozenset[str]
    changed: Mapping[int, Short]
    records: Sequence[RecordState] | None = None
    dropped: Dropped | None = None
    errors: Sequence[str] = ()
    routes: Mapping[str, Sequence[int]] | None = None

    @property
    def compares_records(self) -> bool:
        """Whether the records count: where only a failure is expected they are lost."""
        return self.given != {"error"}


def read_expectation(
    test: Mapping[str, Any], path: YamlPath, inputs: Sequence[RecordState], open_file: OpenFile
) -> Expectation:
    """What a test expects.

    Args:
        test: The test.
        path: Where it stands.
        inputs: Its records.
        open_file: Opens the files that it names.

    Raises:
        Unreadable: It cannot expect that.
    """
    given = frozenset(key for key in KEYS if key in test)
    if {"changes", "expect"} <= given:
        raise Unreadable((*path, "expect"), "changes and expect exclude each other")
    changed: Mapping[int, Short] = {}
    if "changes" in given:
        changed = _changed(test["changes"], (*path, "changes"), inputs)
    return Expectation(
        given,
        changed,
        _records(test["expect"], (*path, "expect"), open_file) if "expect" in given else None,
        _dropped(test["dropped"], (*path, "dropped"), inputs) if "dropped" in given else None,
        _errors(test["error"], (*path, "error")) if "error" in given else (),
        _routes(test["routes"], (*path, "routes"), inputs) if "routes" in given else None,
    )


def changes_by_position(
    data: object, path: YamlPath, count: int
) -> dict[int, tuple[Mapping[str, Any], YamlPath]]:
    """The maps of changes, each by the position of its record.

    Raises:
        Unreadable: They do not say whose they are.
    """
    if isinstance(data, list):
        numbered = {at: (one, (*path, at)) for at, one in enumerate(data)}
    else:
        known = mapping(data, path)
        if not known or not all(key.isdecimal() for key in known):
            if count != 1 and known:
                hint = "write a list of such maps, or the record's position before each: 0: {…}"
                raise Unreadable(path, f"the input has {count} records", hint)
            return {0: (known, path)} if known else {}
        numbered = {int(key): (one, (*path, key)) for key, one in known.items()}
    for at, (_, place) in numbered.items():
        if at >= count:
            raise Unreadable(place, f"there is no record {at}: the input has {count}")
    return {at: (mapping(one, place), place) for at, (one, place) in numbered.items()}


def _changed(data: object, path: YamlPath, inputs: Sequence[RecordState]) -> dict[int, Short]:
    by_position = changes_by_position(data, path, len(inputs))
    return {
        at: _with_changes(inputs[at], one, place) for at, (one, place) in by_position.items() if one
    }


def _with_changes(state: RecordState, data: Mapping[str, Any], path: YamlPath) -> Short:
    changes: Changes = {}
    keys: dict[Steps, str] = {}
    for key, value in data.items():
        try:
            steps = parse_path(key, (state.word, "resource", "scope"))
        except InvalidPath as error:
            raise Unreadable((*path, key), str(error), error.hint) from None
        changes[steps], keys[steps] = value, key
    try:
        made = applied(state.short, changes)
        # The texts of profiles lie in their request's dictionary and are compared as they are.
        return made if state.signal is Signal.PROFILES else normalised(made, state.signal)
    except InvalidPath as error:
        raise Unreadable((*path, keys[error.steps]), str(error), error.hint) from None
    except Unreadable as error:
        raise Unreadable((*path, *_blamed(keys, error.path)), str(error), error.hint) from None


def _blamed(keys: Mapping[Steps, str], steps: YamlPath) -> tuple[str, ...]:
    """The change that put something where it cannot be."""
    for changed, key in keys.items():
        if steps[: len(changed)] == changed or changed[: len(steps)] == steps:
            return (key,)
    return ()


def _records(data: object, path: YamlPath, open_file: OpenFile) -> list[RecordState]:
    records = read_records(data, path, open_file)
    if not records.written:
        return records.states()
    states = []
    for signal, _ in records.requests:
        for one in records.written:
            (state,) = states_of(signal, request_of(signal, [one]))
            short = dict(state.short)
            for name, part in (("resource", one.resource), ("scope", one.scope)):
                if not part.path:
                    del short[name]
            states.append(RecordState(signal, short))
    return states


def _errors(data: object, path: YamlPath) -> list[str]:
    texts = data if isinstance(data, list) else [data]
    return [text_of(one, path) for one in texts]


def _dropped(data: object, path: YamlPath, inputs: Sequence[RecordState]) -> Dropped:
    if isinstance(data, int) and not isinstance(data, bool):
        if not 0 <= data <= len(inputs):
            raise Unreadable(path, f"the input has {len(inputs)} records")
        return data
    return frozenset(_positions(data, path, inputs))


def _routes(
    data: object, path: YamlPath, inputs: Sequence[RecordState]
) -> dict[str, Sequence[int]]:
    return {
        pipeline: sorted(_positions(one, (*path, pipeline), inputs))
        for pipeline, one in mapping(data, path).items()
    }


def _positions(data: object, path: YamlPath, inputs: Sequence[RecordState]) -> list[int]:
    for number, one in enumerate(listing(data, path)):
        if not isinstance(one, int) or isinstance(one, bool) or not 0 <= one < len(inputs):
            message = f"{one!r} is no position of a record: the input has {len(inputs)}, from 0"
            raise Unreadable((*path, number), message)
    return list(listing(data, path))
