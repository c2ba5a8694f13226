"""What a person types is understood, or the place of the fault is shown."""

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
        WORDS.map(lambda key: f"@{key}"),
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
