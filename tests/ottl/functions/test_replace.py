"""The editors that replace text."""

import hashlib
from typing import Any

import pytest

from otx.ottl.errors import ExecutionError, OttlError
from tests.ottl.log_record import Change, changed_record

DATA = {"s": "foo bar foo", "n": 7, "path": "/user/7/list/9", "empty": "", "u": "héllo"}


@pytest.mark.parametrize(
    ("regex", "replacement", "result"),
    [
        ("foo", "x", "x bar x"),
        ("^foo", "x", "x bar foo"),
        (r"\\bbar\\b", "", "foo  foo"),
        ("(f)(o+)", "$2$1", "oof bar oof"),
        ("(?P<a>f)oo", "${a}-$a-$1x-${1}x-$$", "f-f--fx-$ bar f-f--fx-$"),
        ("(?<a>f)oo", "<$a>", "<f> bar <f>"),
        ("f(x)?", "[$1$0]", "[f]oo bar [f]oo"),
        ("(f)|(b)", "[$1|$2]", "[f|]oo [|b]ar [f|]oo"),
        ("foo", "$ ${ ${a $-", "$ ${ ${a $- bar $ ${ ${a $-"),
        ("(f)oo", "$01$10$9", " bar "),
        ("bar", r"a\\b\\1", r"foo a\b\1 foo"),
        ("o*", "-", "-f- -b-a-r- -f-"),
        ("", "-", "-f-o-o- -b-a-r- -f-o-o-"),
        ("zzz", "x", "foo bar foo"),
    ],
)
def test_replace_pattern(change: Change, regex: str, replacement: str, result: str) -> None:
    statement = f'replace_pattern(attributes["s"], "{regex}", "{replacement}")'
    assert change(statement, DATA)["s"] == result


@pytest.mark.parametrize(
    ("regex", "replacement", "result"),
    [
        ("l*", "<$0>", "<>h<>é<ll>o<>"),
        ("x*", "-", "-h-é-l-l-o-"),
        ("é", "ü", "hüllo"),
        (".", "$0$0", "hhéélllloo"),
    ],
)
def test_replace_pattern_walks_characters(
    change: Change, regex: str, replacement: str, result: str
) -> None:
    statement = f'replace_pattern(attributes["u"], "{regex}", "{replacement}")'
    assert change(statement, DATA)["u"] == result


@pytest.mark.parametrize(
    ("regex", "replacement", "result"),
    [("a", "x", "x\udcff\udcfeb"), ("a(.)", "${1}x", "\udcffx\udcfeb"), (".b", "-", "a\udcff-")],
)
def test_text_that_is_no_utf8(change: Change, regex: str, replacement: str, result: str) -> None:
    statement = f'replace_pattern(attributes["t"], "{regex}", "{replacement}")'
    assert change(statement, {"t": "a\udcff\udcfeb"})["t"] == result


def test_pattern_and_replacement_from_the_record(change: Change) -> None:
    data = {"s": "a1b2", "p": r"(\d)", "r": "<$1>"}
    statement = 'replace_pattern(attributes["s"], attributes["p"], attributes["r"])'
    assert change(statement, data)["s"] == "a<1>b<2>"


@pytest.mark.parametrize("path", ["n", "missing"])
def test_what_is_no_text_stays(change: Change, path: str) -> None:
    assert change(f'replace_pattern(attributes["{path}"], "7", "x")', DATA) == DATA
    assert change(f'replace_match(attributes["{path}"], "*", "x")', DATA) == DATA


@pytest.mark.parametrize(
    "statement",
    [
        'replace_pattern(attributes["s"], "foo", attributes["n"])',
        'replace_pattern(attributes["s"], attributes["missing"], "x")',
        'replace_pattern(attributes["s"], attributes["bad"], "x")',
        'replace_match(attributes["missing"], "*", attributes["missing"])',
        'replace_match(attributes["s"], attributes["n"], "x")',
        'replace_all_matches(attributes["s"], "*", "x")',
        'replace_all_patterns(attributes["missing"], "key", "a", "x")',
    ],
)
def test_refused_on_a_record(change: Change, statement: str) -> None:
    with pytest.raises(ExecutionError):
        change(statement, {**DATA, "bad": "("})


@pytest.mark.parametrize(
    "statement",
    [
        'replace_pattern(attributes["s"], "(", "x")',
        'replace_pattern(attributes["s"], "a(?=b)", "x")',
        'replace_match(attributes["s"], "[", "x")',
        'replace_pattern(attributes["s"], "a", 5)',
        'replace_pattern("s", "a", "b")',
        'replace_all_patterns(attributes, "both", "a", "x")',
        'replace_pattern(attributes["s"], "a", "x", Nothing)',
        'replace_pattern(attributes["s"], "a", "x", Keys)',
    ],
)
def test_refused_before_any_record(change: Change, statement: str) -> None:
    with pytest.raises(OttlError):
        change(statement, DATA)


X = hashlib.sha256(b"x").hexdigest()
FOO = hashlib.sha256(b"foo").hexdigest()


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ('"foo", "x", SHA256', f"{X} bar {X}"),
        ('"(fo+)", "$1", SHA256', f"{FOO} bar {FOO}"),
        ('"foo$", "x", SHA256, "<%s>"', f"foo bar <{X}>"),
        ('"foo$", "x", SHA256, "<%s|%s>"', f"foo bar <{X}|%!s(MISSING)>"),
        ('"foo$", "x", SHA256, "%s%"', f"foo bar {X}%!(NOVERB)"),
        ('"foo$", "x", replacementFormat = "<%s>"', "foo bar x"),
        ('"none", "x", SHA256, "no verb"', "foo bar foo"),
    ],
)
def test_a_function_makes_the_replacement(change: Change, arguments: str, result: str) -> None:
    assert change(f'replace_pattern(attributes["s"], {arguments})', DATA)["s"] == result


@pytest.mark.parametrize("format_", ["plain", "%d%s", "%%s", r"%s\n", ""])
def test_a_format_has_one_verb(change: Change, format_: str) -> None:
    with pytest.raises(ExecutionError, match="format"):
        change(f'replace_pattern(attributes["s"], "foo", "x", SHA256, "{format_}")', DATA)


@pytest.mark.parametrize("function", ["FNV", "Trim"])
def test_a_function_of_one_text_that_gives_a_text(change: Change, function: str) -> None:
    with pytest.raises(ExecutionError):
        change(f'replace_pattern(attributes["s"], "foo", "x", {function})', DATA)


@pytest.mark.parametrize(
    ("glob", "matches"),
    [
        ("/user/*", True),
        ("/user/?/list/?", True),
        ("/user/[0-9]/*", True),
        ("/user/[!0-6]/*", True),
        ("/user/[!0-9]/*", False),
        ("/{user,group}/*", True),
        ("/{group,u*}", True),
        ("/user", False),
        ("*9", True),
        ("{/user,", False),
        (r"/user/\\*", False),
    ],
)
def test_replace_match(change: Change, glob: str, matches: bool) -> None:
    changed = change(f'replace_match(attributes["path"], "{glob}", "$0")', DATA)["path"]
    assert changed == ("$0" if matches else DATA["path"])


def test_replace_match_with_a_function(change: Change) -> None:
    changed = change('replace_match(attributes["s"], "foo*", "x", SHA256, "<%s>")', DATA)
    assert changed["s"] == f"<{X}>"


def test_replace_all_matches(change: Change) -> None:
    data = {"a": "foo", "b": "bar", "n": 1, "m": {"a": "foo"}}
    assert change('replace_all_matches(attributes, "f*", "x")', data) == {**data, "a": "x"}
    assert change('replace_all_matches(attributes["m"], "f*", "x")', data)["m"] == {"a": "x"}


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ('"value", "o", "0"', {"foo": "f00", "n": 1, "m": {"o": "o"}}),
        ('"key", "o", "0"', {"f00": "foo", "n": 1, "m": {"o": "o"}}),
        ('"key", "^(.)$", "k.$1"', {"foo": "foo", "k.n": 1, "k.m": {"o": "o"}}),
        ('"key", "none", "x"', {"foo": "foo", "n": 1, "m": {"o": "o"}}),
        ('"key", "^(foo|n)$", "m"', {"m": {"o": "o"}}),
        ('"value", "oo", "x", SHA256', {"foo": f"f{X}", "n": 1, "m": {"o": "o"}}),
        # What the function refuses stays as a value, and is lost as a key: so does the Collector.
        ('"value", "oo", "x", FNV', {"foo": "foo", "n": 1, "m": {"o": "o"}}),
        ('"key", "oo", "x", FNV', {"n": 1, "m": {"o": "o"}}),
    ],
)
def test_replace_all_patterns(change: Change, arguments: str, result: Any) -> None:
    data = {"foo": "foo", "n": 1, "m": {"o": "o"}}
    assert change(f"replace_all_patterns(attributes, {arguments})", data) == result


def test_body_and_fields_are_replaced_too() -> None:
    assert changed_record('replace_pattern(body, "l+", "L")', body="hello").body == "heLo"
