"""The records of a test: in the short form, as OTLP/JSON, or from a file."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otx.errors import UsageError
from otx.model.signal import Signal
from otx.otlp.files import read_stream
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.unit_tests.findings import OpenFile, opened
from otx.ottl.unit_tests.record_state import Part, WrittenRecord, request_of
from otx.ottl.unit_tests.yaml_values import Unreadable, listing, mapping, text_of
from otx.ottl.yaml_places import YamlPath

_ONE: Mapping[str, Signal] = {
    "span": Signal.TRACES,
    "log": Signal.LOGS,
    "metric": Signal.METRICS,
}
_MANY: Mapping[str, Signal] = {f"{word}s": signal for word, signal in _ONE.items()}
FORMS = (*_ONE, *_MANY, "otlp", "file")
"""The keys under which records stand; of these there is one."""
_ABOVE = ("resource", "scope")


@dataclass(frozen=True, slots=True)
class Records:
    """The records of a section.

    Attributes:
        requests: Signal and protobuf bytes of each request.
        written: The records of the short form; none in the other forms.
    """

    requests: Sequence[tuple[Signal, bytes]]
    written: Sequence[WrittenRecord] = ()

    def states(self) -> list[RecordState]:
        """The records in their order, through all requests."""
        return [state for signal, body in self.requests for state in states_of(signal, body)]


def read_records(
    data: object, path: YamlPath, open_file: OpenFile, others: Sequence[str] = ()
) -> Records:
    """The records that a section says.

    Args:
        data: The section.
        path: Where it stands.
        open_file: Opens what it names.
        others: Keys that may stand beside the records.

    Raises:
        Unreadable: It says none, or none of OTLP.
    """
    section = mapping(data, path)
    for key in section:
        if key not in (*FORMS, *_ABOVE, *others):
            hint = "profiles come as otlp or from a file" if key.startswith("profile") else ""
            hint = hint or f"records stand under one of {', '.join(FORMS)}"
            raise Unreadable((*path, key), f"there is no form {key!r}", hint)
    given = [key for key in FORMS if key in section]
    if len(given) != 1:
        raise Unreadable(path, f"records stand under one of {', '.join(FORMS)}")
    form = given[0]
    here = (*path, form)
    if form == "file":
        name = text_of(section[form], here)
        file = opened(open_file, name, here)
        return _read_otlp(file.content, file.name, here)
    if form == "otlp":
        return _read_otlp(_json(section[form], here), "otlp", here)
    return _read_short(form, section, path)


def _read_short(form: str, section: Mapping[str, Any], path: YamlPath) -> Records:
    here = (*path, form)
    if form in _ONE:
        signal, items = _ONE[form], [(here, section[form])]
    else:
        given = listing(section[form], here)
        signal, items = _MANY[form], [((*here, at), one) for at, one in enumerate(given)]
    shared = {key: Part(section[key], (*path, key)) for key in _ABOVE if key in section}
    records = [_written(one, place, shared) for place, one in items]
    return Records([(signal, request_of(signal, records))], records)


def _written(data: object, path: YamlPath, shared: Mapping[str, Part]) -> WrittenRecord:
    fields = dict(mapping(data, path))
    above = {**shared}
    above.update({key: Part(fields.pop(key), (*path, key)) for key in _ABOVE if key in fields})
    return WrittenRecord(
        Part(fields, path), above.get("resource", Part()), above.get("scope", Part())
    )


def _json(data: object, path: YamlPath) -> bytes:
    if isinstance(data, str):
        return data.encode()
    try:
        return json.dumps(data).encode()
    except (TypeError, ValueError) as error:
        raise Unreadable(path, f"no JSON: {error}") from None


def _read_otlp(content: bytes, name: str, path: YamlPath) -> Records:
    try:
        requests = list(read_stream(io.BytesIO(content), name, takes_any_text=True))
    except UsageError as error:
        raise Unreadable(path, error.message, error.hint) from None
    return Records([(request.signal, request.body) for request in requests])
