"""`otx ottl explain` as a user calls it."""

import json

import pytest

from tests.conftest import RunCli

STATEMENT = 'set(span.attributes["a"], span.kind) where IsMatch(span.name, "^GET")'


def test_text_has_the_context_the_tree_and_what_can_fail(run_cli: RunCli) -> None:
    done = run_cli("ottl", "explain", 'set(span.name, span.attributes["a"])')
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "statement, runs on every span"
    assert lines[1].strip() == "span is the most specific context that a path names"
    assert lines[3].split("  ")[0] == 'set(span.name, span.attributes["a"])'
    assert lines[-2:] == [
        "can fail on a record:",
        "  span.name: what is set may be no string",
    ]


def test_json_has_the_same(run_cli: RunCli) -> None:
    done = run_cli("ottl", "explain", STATEMENT, "--format", "json")
    found = json.loads(done.stdout)
    assert (found["kind"], found["context"], found["inferred"]) == ("statement", "span", True)
    assert [one["text"] for one in found["tree"]] == [
        'set(span.attributes["a"], span.kind)',
        'span.attributes["a"]',
        "span.kind",
        "where",
        'IsMatch(span.name, "^GET")',
        "span.name",
        '"^GET"',
    ]
    assert found["can_fail"] == []


@pytest.mark.parametrize(
    ("text", "flags", "first"),
    [
        ("name", ("--context", "span"), "value expression, runs on every span"),
        ("log.body == nil", (), "condition, runs on every log"),
        (
            "Any(resource.attributes, (k, v) => v == 1)",
            ("--feature-gates", "+ottl.functions.enableLambda"),
            "value expression, runs on every resource",
        ),
    ],
)
def test_conditions_and_values_are_explained_too(
    run_cli: RunCli, text: str, flags: tuple[str, ...], first: str
) -> None:
    done = run_cli("ottl", "explain", text, *flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set(span.nmae, 1)"], "1:10: 'nmae' is no path of the context span"),
        (['metric.name == "a" and span.name == "b"'], "a statement on metric cannot see span"),
        (["1 == 1"], "the context cannot be inferred"),
        ([""], "it ends too soon"),
        (["name", "--context", "spam"], "'spam' is no context"),
        ([STATEMENT, "--feature-gates", "x"], "is no feature gate"),
        (["Any(span.attributes, (k, v) => v == 1)"], "ottl.functions.enableLambda"),
    ],
)
def test_what_does_not_check_is_exit_2(run_cli: RunCli, arguments: list[str], said: str) -> None:
    done = run_cli("ottl", "explain", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""
