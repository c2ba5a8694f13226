"""Facts become sentences with units, and the heaviest comes first."""

from otx.tracing.finding import (
    LONGEST_WORDS,
    Finding,
    FindingRule,
    said,
    sentence,
    worst_first,
)

RULE = FindingRule(
    "test",
    "time",
    "{name} took {own_ns}, {part_share} of it in {count:call/calls}, {rate}.",
    "",
    "",
)


def test_units_follow_from_names() -> None:
    facts = said(
        RULE, 0, [1], name="a\nb", own_ns=1_500_000_000, part_share=0.125, count=12_000, rate=0.25
    )
    assert sentence(facts) == "a⏎b took 1.50 s, 12 % of it in 12 000 calls, 0.25."


def test_the_heaviest_comes_first_whatever_the_order() -> None:
    found = [said(RULE, weight, [span]) for weight, span in ((1, 0), (3, 2), (3, 1))]
    spans = [[one.spans for one in worst_first(some)] for some in (found, found[::-1])]
    assert spans == [[(1,), (2,), (0,)]] * 2
    assert isinstance(found[0], Finding)


def test_of_long_words_a_sentence_has_the_beginning() -> None:
    facts = said(RULE, 0, [1], name="m" * 10**6, own_ns=1, part_share=0.1, count=1, rate=1.0)
    assert len(sentence(facts)) < LONGEST_WORDS + 100
    assert len(str(facts.facts["name"])) == 10**6
