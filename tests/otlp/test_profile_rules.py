"""Each rule of OTLP profiles, kept and broken."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import (
    ExportProfilesServiceRequest,
)

from otx.otlp.profile_rules import broken_rules


def request() -> Any:
    """A request with one of everything, all of it used."""
    made = ExportProfilesServiceRequest()
    tables = made.dictionary
    for name in ("mapping", "location", "function", "attribute", "stack"):
        getattr(tables, f"{name}_table").add()
    tables.link_table.add(trace_id=bytes(16), span_id=bytes(8))
    tables.link_table.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    tables.string_table.extend(["", "cpu", "nanoseconds", "f", "/bin/x", "key"])
    tables.mapping_table.add(memory_start=1, memory_limit=2, filename_strindex=4)
    tables.function_table.add(name_strindex=3)
    tables.attribute_table.add(key_strindex=5).value.int_value = 1
    tables.location_table.add(mapping_index=1, attribute_indices=[1]).lines.add(function_index=1)
    tables.stack_table.add(location_indices=[1])
    profile = made.resource_profiles.add().scope_profiles.add().profiles.add()
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
    profile.time_unix_nano, profile.duration_nano = 100, 10
    profile.samples.add(stack_index=1, link_index=1, values=[5], timestamps_unix_nano=[105])
    return made


def test_nothing_is_said_of_what_is_right() -> None:
    assert broken_rules(request()) == []
    assert broken_rules(ExportProfilesServiceRequest()) == []


def _profile(made: Any) -> Any:
    return made.resource_profiles[0].scope_profiles[0].profiles[0]


def _sample(made: Any) -> Any:
    return _profile(made).samples[0]


BREACHES: list[tuple[str, Callable[[Any], object]]] = [
    ("zero entry", lambda it: it.dictionary.stack_table[0].location_indices.append(1)),
    ("zero entry", lambda it: it.dictionary.ClearField("string_table")),
    ("index range", lambda it: it.dictionary.stack_table[1].location_indices.append(9)),
    ("index range", lambda it: _sample(it).attribute_indices.append(-1)),
    ("index range", lambda it: setattr(_sample(it), "link_index", 5)),
    ("index range", lambda it: setattr(_profile(it).sample_type, "type_strindex", 99)),
    ("id length", lambda it: setattr(it.dictionary.link_table[1], "trace_id", b"short")),
    ("id length", lambda it: setattr(_profile(it), "profile_id", b"short")),
    ("memory range", lambda it: setattr(it.dictionary.mapping_table[1], "memory_limit", 1)),
    ("negative line", lambda it: setattr(it.dictionary.location_table[1].lines[0], "line", -1)),
    ("negative line", lambda it: setattr(it.dictionary.function_table[1], "start_line", -1)),
    ("timestamp range", lambda it: _sample(it).timestamps_unix_nano.__setitem__(0, 110)),
    ("sample shape", lambda it: _sample(it).values.append(1)),
    ("sample shape", lambda it: _profile(it).samples.add(values=[1])),
    (
        "sample shape",
        lambda it: [_sample(it).ClearField(n) for n in ("values", "timestamps_unix_nano")],
    ),
    (
        "one value",
        lambda it: [_sample(it).ClearField("timestamps_unix_nano"), _sample(it).values.append(1)],
    ),
    ("duplicate", lambda it: it.dictionary.string_table.append("cpu")),
    ("duplicate", lambda it: it.dictionary.mapping_table.append(it.dictionary.mapping_table[1])),
    ("orphan", lambda it: it.dictionary.string_table.append("unused")),
    ("repeated key", lambda it: it.dictionary.location_table[1].attribute_indices.append(1)),
    ("sample identity", lambda it: _profile(it).samples.append(_sample(it))),
]


@pytest.mark.parametrize(("rule", "breach"), BREACHES)
def test_what_is_wrong_is_named(rule: str, breach: Callable[[Any], object]) -> None:
    made = request()
    breach(made)
    assert rule in {it.rule for it in broken_rules(made)}


def test_a_rule_that_is_broken_everywhere_is_told_a_few_times() -> None:
    made = request()
    made.dictionary.string_table.extend(f"unused {number}" for number in range(1_000))
    broken = broken_rules(made)
    assert [str(it) for it in broken] == [
        f"dictionary.string_table[{index}]: nothing refers to it" for index in (6, 7, 8)
    ]
