"""Patterns count every record once, fit what they were made of, and stay few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.logs.patterns import MAX_PATTERNS, masked_words, mine_patterns
from otx.model.telemetry import AttributeValue, LogRecord


def record(body: AttributeValue, severity: int = 9) -> LogRecord:
    return LogRecord(0, severity, "", "shop", body)


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        ("retry 1 of 2 after 0.4 s", "retry <*> of <*> after <*> s"),
        ("order=8812 amount=43.10 EUR", "order=<*> amount=<*> EUR"),
        ("took 800ms, 12 % of 1,000", "took <*>ms, <*> % of <*>"),
        ("user 'bob' said \"hi there\"", "user <*> said <*>"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace <*>"),
        ("id 5b8efff7-9803-8103-d269-b633813fc60c", "id <*>"),
        ("at 0x7ffe12 from 10.0.0.1:4317", "at <*> from <*>"),
        ("sha256 of http2 v1 deadbeef", "sha256 of http2 v1 deadbeef"),
        ("it's what can't be masked", "it's what can't be masked"),
        ("", ""),
    ],
)
def test_what_is_surely_a_parameter_is_masked(body: str, masked: str) -> None:
    assert " ".join(masked_words(body)) == masked


def test_records_that_differ_in_a_word_are_one_pattern() -> None:
    bodies = [f"order {number} failed: {why}" for number, why in ((1, "declined"), (2, "expired"))]
    (pattern,) = mine_patterns([record(body, 17) for body in bodies])
    assert (str(pattern.template), pattern.count) == ("order <*> failed: <*>", 2)
    assert pattern.template.severity_letter == "E"


def test_severity_length_and_first_word_keep_patterns_apart() -> None:
    records = [record("cache is cold"), record("cache is cold", 13), record("cache is very cold")]
    assert len(mine_patterns([*records, record("disk is cold")])) == 4


def test_the_most_frequent_comes_first_and_a_missing_body_is_its_event() -> None:
    event = LogRecord(0, 9, "", "shop", None, event_name="payment.declined")
    patterns = mine_patterns([record("b 1"), event, record("b 2"), record({"order": 1})])
    assert [(str(one.template), one.count) for one in patterns] == [
        ("b <*>", 2),
        ("payment.declined", 1),
        ("{<*>: <*>}", 1),
    ]


def test_however_much_is_logged_patterns_stay_few() -> None:
    words = "abcdefghijklmnopqrstuvwxyz"
    records = [record(f"{a}{b}{c} x") for a in words for b in words for c in words]
    assert len(mine_patterns(records)) == MAX_PATTERNS


def test_a_long_body_is_looked_at_only_so_far() -> None:
    trace = "\n".join(f'File "x.py", line {number}, in f' for number in range(5_000))
    assert len(masked_words(trace)) < 100


BODIES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "12", "'x'"]), max_size=5).map(" ".join), max_size=40
)


@given(BODIES)
def test_every_record_fits_a_pattern_and_is_counted_once(bodies: list[str]) -> None:
    records = [record(body) for body in bodies]
    patterns = mine_patterns(records)
    assert sum(pattern.count for pattern in patterns) == len(records)
    for one in records:
        assert any(pattern.template.fits(one) for pattern in patterns)
    for pattern in patterns:
        assert sum(map(pattern.template.fits, records)) >= pattern.count
        kept = [one for one in records if pattern.template.fits(one)]
        assert all(pattern.template.longest_word in str(one.body) for one in kept)
