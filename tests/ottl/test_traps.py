"""What parses and is still not what was meant."""

import pytest

from otx.ottl.traps import traps_in


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
        "set(metric.name, 1)",
        "no OTTL at all",
    ],
)
def test_what_is_no_trap_is_none(text: str) -> None:
    assert traps_in(text) == []
