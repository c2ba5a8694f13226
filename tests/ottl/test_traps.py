"""What parses and is still not what was meant."""

import pytest

from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.parser import parse_condition, parse_statement
from otx.ottl.traps import Surroundings, traps_in


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('trace_id == "0af7"', 'trace_id == "0af7"', "an id never equals a text or bytes"),
        (
            'set(name, "x") where 0x0a == span.parent_span_id',
            "0x0a == span.parent_span_id",
            "an id never equals a text or bytes",
        ),
        ("1 == 2 or true", "1 == 2", "both sides are literals: this is always the same"),
        (
            'Split(span.name, "/") == ["a"]',
            'Split(span.name, "/") == ["a"]',
            "what Split gives equals no other list: this is always false",
        ),
        ("set(metric.type, 1)", "metric.type", "setting a metric's type does nothing"),
        (r'IsMatch(name, "\bGET")', r'"\bGET"', r"\b and its kin are control characters in a text"),
        (
            r'replace_all_patterns(attributes, "value", "\ba", "b")',
            r'"\ba"',
            r"\b and its kin are control characters in a text",
        ),
    ],
)
def test_a_trap_is_named_at_its_place(text: str, place: str, message: str) -> None:
    (trap,) = traps_in(text)
    assert text[trap.place.start : trap.place.end] == place
    assert trap.message == message


def test_the_hint_says_what_to_write() -> None:
    (trap,) = traps_in('span.trace_id == "0af7"')
    assert trap.hint == 'write span.trace_id.string == "…" or == TraceID("…")'
    (trap,) = traps_in('span.span_id != "b7ad"')
    assert trap.hint.endswith('SpanID("…")')


@pytest.mark.parametrize(
    "text",
    [
        'trace_id.string == "0af7"',
        'trace_id == TraceID("0af7651916cd43dd8448eb211c80319c")',
        "trace_id == parent_span_id",
        r'IsMatch(name, "\\bGET")',
        'attributes["trace_id"] == "0af7"',
        'set(metric.name, "m")',
        "no OTTL at all",
    ],
)
def test_what_is_no_trap_is_none(text: str) -> None:
    assert traps_in(text) == []


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        (
            'span.kind == "server"',
            "an int never equals a string: this is always false",
            'write span.kind == SPAN_KIND_SERVER, or span.kind.string == "Server"',
        ),
        (
            'span.status.code == "ERROR"',
            "an int never equals a string: this is always false",
            "write span.status.code == STATUS_CODE_ERROR",
        ),
        (
            'metric.type == "Sum"',
            "an int never equals a string: this is always false",
            "write metric.type == METRIC_DATA_TYPE_SUM",
        ),
        (
            "span.name == nil",
            "span.name is never nil: this is always false",
            'write span.name == ""',
        ),
        (
            "span.parent_span_id != nil",
            "span.parent_span_id is never nil: this is always true",
            "write span.parent_span_id != SpanID(0x0000000000000000)",
        ),
        (
            "span.name == 5",
            "a string never equals an int: this is always false",
            'write span.name == "5"',
        ),
        (
            'span.kind == "2"',
            "an int never equals a string: this is always false",
            "write span.kind == 2",
        ),
        (
            "log.severity_text == SEVERITY_NUMBER_INFO",
            "a string never equals an int: this is always false",
            "write log.severity_number == SEVERITY_NUMBER_INFO",
        ),
        (
            'span.kind.string == "SERVER"',
            'span.kind.string is never "SERVER"',
            'write "Server"',
        ),
        (
            'span.trace_id.string == "4BF92F3577B34DA6A3CE929D0E0E4736"',
            'span.trace_id.string is never "4BF92F3577B34DA6A3CE929D0E0E4736"',
            'write "4bf92f3577b34da6a3ce929d0e0e4736"',
        ),
        (
            'span.trace_id.string == "4bf9"',
            'span.trace_id.string is never "4bf9"',
            "it has 32 hexadecimal digits",
        ),
        (
            "17 < span.start_time",
            "an int never equals a time: this is always false",
            "write span.start_time_unix_nano > 17",
        ),
        (
            'log.time > "2024-01-01"',
            "a time never equals a string: this is always false",
            'write log.time > Time("2024-01-01", "%Y-%m-%d")',
        ),
        (
            'log.time > "2024-01-01T10:00:00Z"',
            "a time never equals a string: this is always false",
            'write log.time > Time("2024-01-01T10:00:00Z", "%Y-%m-%dT%H:%M:%SZ")',
        ),
        (
            'log.time > "2024-01-01T10:00:00+02:00"',
            "a time never equals a string: this is always false",
            'write log.time > Time("2024-01-01T10:00:00+02:00", "%Y-%m-%dT%H:%M:%S%j")',
        ),
        (
            'log.time > "yesterday"',
            "a time never equals a string: this is always false",
            "",
        ),
        (
            'Len(span.name) == "5"',
            "an int never equals a string: this is always false",
            "",
        ),
    ],
)
def test_what_never_matches_is_told_with_what_may_be_meant(
    condition: str, message: str, hint: str
) -> None:
    (trap,) = traps_in(condition)
    assert (trap.message, trap.hint) == (message, hint)
    form = hint.partition("write ")[2].partition(", or ")[0]
    if form and not form.startswith('"'):
        parse_condition(form)
        assert traps_in(form) == []
    assert [
        one.message for one in traps_in(f'set(resource.attributes["x"], 1) where {condition}')
    ] == [message]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "set(log.severity_text, nil)",
            "always fails: log.severity_text: what is set is nil",
            'write set(log.severity_text, "")',
        ),
        (
            "set(span.name, 1)",
            "always fails: span.name: what is set is no string",
            'write set(span.name, "1")',
        ),
        (
            "set(span.name, span.kind)",
            "always fails: span.name: what is set is no string",
            "write set(span.name, String(span.kind))",
        ),
        (
            'set(span.kind, "server")',
            "always fails: span.kind: what is set is no int",
            "write set(span.kind, SPAN_KIND_SERVER)",
        ),
        (
            'set(span.attributes["a"], Now())',
            'always fails: span.attributes["a"]: what is set is a time, which OTLP cannot hold',
            'write set(span.attributes["a"], FormatTime(Now(), "%Y-%m-%dT%H:%M:%S%z"))',
        ),
        (
            'set(span.attributes["a"], span.trace_id)',
            'always fails: span.attributes["a"]: what is set is a TraceID, which OTLP cannot hold',
            'write set(span.attributes["a"], span.trace_id.string)',
        ),
        (
            'set(span.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736")',
            "always fails: span.trace_id: what is set is no TraceID",
            'write set(span.trace_id.string, "4bf92f3577b34da6a3ce929d0e0e4736")',
        ),
        (
            "set(span.start_time, 5)",
            "always fails: span.start_time: what is set is no time",
            "write set(span.start_time_unix_nano, 5)",
        ),
        (
            'set(span.kind.string, "SERVER")',
            "always fails: span.kind.string: what is set is none of Unspecified, Internal, "
            "Server, Client, Producer, Consumer",
            'write set(span.kind.string, "Server")',
        ),
    ],
)
def test_a_set_that_always_fails_is_told_with_what_fits(text: str, message: str, hint: str) -> None:
    (trap,) = traps_in(text)
    assert (trap.message, trap.hint) == (message, hint)
    form = hint.removeprefix("write ")
    parse_statement(form)
    if "kind.string" not in form:
        assert [one for one in traps_in(form) if one.message.startswith("always")] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("set(span.kind, 1) where false", "the condition is false: the statement never runs"),
        (
            'set(span.kind, 1) where span.name == "a" and (false or not true)',
            "the condition is false: the statement never runs",
        ),
        ("false", "the condition is never true"),
        (
            "set(span.kind, 1) where Len(span.name)",
            "always fails: Len(span.name): it is no bool",
        ),
        ('delete_key(span.name, "x")', "always fails: delete_key: span.name is no map"),
        ('set(span.attributes["x"], Split("a,b", ",")[3])', "always fails: Split"),
        ("set(otelcol.client.addr, span.name)", "is read-only"),
    ],
)
def test_other_things_that_never_work_are_told(text: str, message: str) -> None:
    (trap,) = traps_in(text)
    assert message in trap.message


def test_nil_is_told_for_what_it_leaves() -> None:
    (trap,) = traps_in('set(log.attributes["a"]["b"], nil)')
    assert trap.message == (
        "nil is written: since v0.161 it leaves a key without a value; before, nothing was changed"
    )
    assert trap.hint == 'delete_key(log.attributes["a"], "b") removes the key'
    parse_statement(trap.hint.removesuffix(" removes the key"))
    (trap,) = traps_in("set(log.attributes, nil)")
    assert trap.hint == "clear(log.attributes) says the same"


@pytest.mark.parametrize(
    ("text", "messages", "hint"),
    [
        (
            'replace_pattern(log.body, "(a)", "$1_x")',
            ["$1_x is a group that the pattern does not have: it becomes empty"],
            "write ${1}_x",
        ),
        (
            'replace_all_patterns(log.attributes, "value", "(?P<n>a)", "$n_x ${n} $1 $$2 $0")',
            ["$n_x is a group that the pattern does not have: it becomes empty"],
            "write ${n}_x",
        ),
        (
            'replace_pattern(log.body, "a", "$1")',
            ["$1 is a group that the pattern does not have: it becomes empty"],
            "",
        ),
        ('replace_pattern(log.body, log.attributes["r"], "$1")', [], ""),
        ('replace_pattern(log.body, "(a)(b)", "${1}_x$2")', [], ""),
    ],
)
def test_groups_that_a_pattern_does_not_have_are_told(
    text: str, messages: list[str], hint: str
) -> None:
    found = traps_in(text)
    assert [one.message for one in found] == messages
    assert [one.hint for one in found] == [hint] * len(messages)


@pytest.mark.parametrize(
    "text",
    [
        "metric.is_monotonic == nil",
        "datapoint.count == nil",
        'span.attributes["a"] == nil',
        "log.body == nil",
        "span.kind.string == span.name",
        'span.kind.string == ""',
        'span.end_time - span.start_time > Duration("1s")',
        "datapoint.value_int == 1.5",
        'set(span.attributes["a"], span.attributes["b"])',
        "set(log.body, log.attributes)",
        "set(datapoint.bucket_counts, [1, 2])",
        'set(span.name, "x") where true',
        "true",
    ],
)
def test_what_can_be_is_no_trap(text: str) -> None:
    assert traps_in(text) == []


def test_a_given_context_needs_no_prefixes() -> None:
    around = Surroundings((CONTEXTS["span"],), is_given=True)
    (trap,) = traps_in('kind == "server"', around)
    assert trap.hint == 'write kind == SPAN_KIND_SERVER, or kind.string == "Server"'
    assert traps_in('kind == "server"') == []
