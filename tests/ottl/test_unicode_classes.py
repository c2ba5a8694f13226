"""The classes of `\\p{…}` beside those of Python, whose Unicode is another version's."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.ottl.patterns import compile_regex
from otx.ottl.unicode_classes import class_text

CATEGORIES = (
    *("Cc", "Cf", "Co", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc"),
    *("Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"),
)


@given(st.characters(exclude_categories=("Cs", "Cn")))
def test_every_character_is_in_its_category_and_in_no_other(character: str) -> None:
    own = unicodedata.category(character)
    for name in CATEGORIES:
        assert bool(compile_regex(rf"\p{{{name}}}").search(character)) is (name == own)
    assert compile_regex(rf"\p{{{own[0]}}}").search(character)
    assert compile_regex(rf"[\P{{{own}}}]").search(character) is None


def test_a_class_is_written_as_ranges() -> None:
    assert class_text("Zs", is_negated=False, is_in_class=True).startswith(r"\x20-\x20")
    assert class_text("ascii", is_negated=True, is_in_class=False) == r"[^\x00-\x7f]"
    assert class_text("^ascii", is_negated=True, is_in_class=False) == r"[\x00-\x7f]"
    with pytest.raises(ValueError, match="no class of characters"):
        class_text("Old_Italic", is_negated=False, is_in_class=False)
