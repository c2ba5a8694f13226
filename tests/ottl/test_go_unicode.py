"""Cases of letters, one code point at a time."""

import pytest

from otx.ottl.go_unicode import WHITE_SPACE, is_stray_byte, lower, upper, valid


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("aé", "AÉ"),
        ("ß", "ß"),
        ("ŉ", "ŉ"),
        ("ǆ", "Ǆ"),
        ("ᾀ", "ᾈ"),
        ("ﬁ", "ﬁ"),
        ("a\udcff", "A\ufffd"),
    ],
)
def test_upper(text: str, raised: str) -> None:
    assert upper(text) == raised


@pytest.mark.parametrize(
    ("text", "lowered"),
    [("AÉ", "aé"), ("ΑΣ", "ασ"), ("İ", "i"), ("ẞ", "ß"), ("\udcffA", "\ufffda")],
)
def test_lower(text: str, lowered: str) -> None:
    assert lower(text) == lowered


def test_no_code_point_becomes_two() -> None:
    assert all(len(upper(chr(code))) == 1 == len(lower(chr(code))) for code in range(0x30000))


def test_stray_bytes() -> None:
    assert valid("a\udcff\ufffdé") == "a\ufffd\ufffdé"
    assert [is_stray_byte(c) for c in "a\udc80\udcff\ud800"] == [False, True, True, False]


def test_separators_of_files_are_no_white_space() -> None:
    assert "\x1c\u3000".strip(WHITE_SPACE) == "\x1c"
