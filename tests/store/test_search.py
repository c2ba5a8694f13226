"""What a person types is understood, or the place of the fault is shown."""

import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.store.errors import SearchError
from otx.store.search import FIELDS, Operator, Search, Term, format_term, parse_search

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
OPERATORS: st.SearchStrategy[Operator] = st.sampled_from(["=", ">", ">=", "<", "<="])


def terms() -> st.SearchStrategy[Term]:
    negated = st.booleans()
    word = st.builds(Term, st.just(""), st.just("="), WORDS, negated=negated, quoted=st.just(True))
    text_fields = [name for name in FIELDS if name not in ("duration", "severity")]
    field = st.builds(
        Term,
        st.sampled_from(text_fields),
        st.just("="),
        WORDS,
        negated=negated,
        quoted=st.just(True),
    )
    attribute = st.builds(
        Term,
        st.builds(str.__add__, st.sampled_from(["@", "resource.@"]), WORDS),
        OPERATORS,
        WORDS,
        negated=negated,
        quoted=st.just(True),
    )
    duration = st.builds(
        Term,
        st.just("duration"),
        OPERATORS,
        st.sampled_from(["200ms", "1h30m", "3s"]),
        negated=negated,
    )
    return st.one_of(word, field, attribute, duration)


def facts(term: Term) -> tuple[str, str, str, bool, bool]:
    return (term.name, term.operator, term.value, term.negated, term.quoted)


@given(st.lists(terms(), max_size=5))
def test_parsing_gives_back_what_was_formatted(wanted: list[Term]) -> None:
    text = str(Search(tuple(wanted)))
    parsed = parse_search(text)
    assert [facts(term) for term in parsed.terms] == [facts(term) for term in wanted]
    assert str(parsed) == text


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused_with_a_place(text: str) -> None:
    try:
        search = parse_search(text)
    except SearchError as error:
        assert 0 <= error.position <= len(text)
        assert error.text == text
    else:
        assert len(search.terms) <= len(text)
        again = parse_search(str(search))
        assert [facts(term)[:4] for term in again.terms] == [
            facts(term)[:4] for term in search.terms
        ]


@pytest.mark.parametrize(
    ("text", "name", "operator", "value", "negated"),
    [
        ("checkout", "", "=", "checkout", False),
        ("-checkout", "", "=", "checkout", True),
        ('"deadline exceeded"', "", "=", "deadline exceeded", False),
        ("service:cart", "service", "=", "cart", False),
        ("service=cart", "service", "=", "cart", False),
        ("-status:ok", "status", "=", "ok", True),
        ("duration:>200ms", "duration", ">", "200ms", False),
        ("severity:>=warn", "severity", ">=", "warn", False),
        ("@order.id:8812", "@order.id", "=", "8812", False),
        ("attr.http.route=/cart", "@http.route", "=", "/cart", False),
        ('@"odd key":x', "@odd key", "=", "x", False),
        ("resource.host.name:web-1", "resource.@host.name", "=", "web-1", False),
        ('-resource.@"odd key":x', "resource.@odd key", "=", "x", True),
        ("@latency:>200", "@latency", ">", "200", False),
        ("@latency:>1e3", "@latency", ">", "1e3", False),
        ('@took:>"200ms"', "@took", ">", "200ms", False),
        ("@version:>=1.2.0", "@version", ">=", "1.2.0", False),
        ('name:"GET /cart"', "name", "=", "GET /cart", False),
    ],
)
def test_terms(text: str, name: str, operator: str, value: str, negated: bool) -> None:
    (term,) = parse_search(text).terms
    assert facts(term)[:4] == (name, operator, value, negated)
    assert format_term(parse_search(format_term(term)).terms[0]) == format_term(term)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("colour:red", 0),
        ("service:cart duration:fast", 22),
        ("severity:loud", 9),
        ('name:"open', 5),
        ("service:", 8),
        ("service:>cart", 9),
        ("@latency:>200ms", 10),
        ("resource.@size:<=1.5MiB", 17),
    ],
)
def test_faults_show_their_place(text: str, position: int) -> None:
    with pytest.raises(SearchError) as caught:
        parse_search(text)
    assert caught.value.position == position


def test_a_field_of_the_other_table_is_refused() -> None:
    with pytest.raises(SearchError, match="duration is no field of a log record"):
        parse_search("duration:>1s").condition("logs")
    with pytest.raises(SearchError, match="severity is no field of a span"):
        parse_search("severity:warn").condition("spans")


ATTRIBUTES = {
    "path": "C:\\temp",
    "said": 'say "hi"',
    "host": "a",
    "nothing": None,
    "took": 9,
    "took.text": "9ms",
}
RESOURCE = {"host": "b", "zone": "eu"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("C:\\temp", None),  # c: is no field
        ('"C:\\\\temp"', True),
        ('"say \\"hi\\""', True),
        ('"\\""', True),
        ('"hi\\""', True),
        ('"null"', True),  # of a key without a value
        ('"x\\"y"', False),
        ("@host:a", True),
        ("@host:b", False),
        ("resource.host:b", True),
        ("resource.host:a", False),
        ("resource.path:*", False),
        ("@zone:eu", True),
        ("-resource.zone:us", True),
        ("@nothing:*", True),
        ("@zone:*", True),
        ("@none:*", False),
        ("-@none:*", True),
        ("@took:>8.5", True),
        ("@took:<1e1", True),
        ('@took.text:>"200ms"', True),
        ("resource.took:>1", False),
    ],
)
def test_a_search_holds_for_a_span(text: str, holds: bool | None) -> None:
    if holds is None:
        with pytest.raises(SearchError):
            parse_search(text)
        return
    condition = parse_search(text).condition("spans")
    found = duckdb.execute(
        "SELECT count(*) FROM (SELECT '' AS name, '' AS service, '' AS status_message,"
        f" '' AS trace_id, ? AS attributes, ? AS resource) WHERE {condition.sql}",
        [json.dumps(ATTRIBUTES), json.dumps(RESOURCE), *condition.parameters],
    ).fetchone()
    assert found == (holds,)


def test_words_are_found_in_bodies_of_either_kind() -> None:
    condition = parse_search('"a\\"b"').condition("logs")
    for body, holds in (('a"b', True), (json.dumps({"k": 'a"b'}), True), ("ab", False)):
        found = duckdb.execute(
            "SELECT count(*) FROM (SELECT ? AS body, '' AS service, '' AS event_name,"
            f" '' AS trace_id, '{{}}' AS attributes) WHERE {condition.sql}",
            [body, *condition.parameters],
        ).fetchone()
        assert found == (holds,)
