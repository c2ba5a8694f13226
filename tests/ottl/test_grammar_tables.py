"""The tables that run are those of the grammar that is read."""

import pytest

from otx.ottl.grammar_tables import GRAMMAR, tables
from otx.ottl.lalr import TABLES


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    kept = TABLES.read_text(encoding="utf-8")
    assert kept == tables(GRAMMAR.read_text(encoding="utf-8")), "run `make grammar`"


def test_a_rule_of_several_parts_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        tables('start: pair\n?pair: A A\nA: "a"\n', ["start"])


def test_a_rule_cannot_be_empty() -> None:
    with pytest.raises(ValueError, match="can be empty"):
        tables('start: A none\nnone:\nA: "a"\n', ["start"])
