"""What ran on a record, as a unit test."""

from dataclasses import replace

import pytest

from otx.errors import NotThere, UsageError
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.repl.saving import with_test
from otx.ottl.repl.session import Session
from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import read_test_file
from otx.ottl.unit_tests.results import TestResult, run_tests
from tests.ottl.repl.prompts import MemoryFiles, repl, said, session


def no_file(name: str) -> OpenedFile:
    raise FileNotFoundError(name)


def results(text: str) -> list[TestResult]:
    return run_tests(read_test_file(text, "x.yaml", no_file, {"HOME": "/root"}), lambda: 0)


def saved(prompt: Session, existing: str | None = None) -> str:
    return with_test(prompt, existing, "x.yaml")[1]


@pytest.mark.parametrize(
    "statements",
    [
        ['set(span.name, "x")'],
        ['set(name, "x")', 'delete_key(attributes, "user.email")'],
        ['set(span.name, "x")', 'set(resource.attributes["a"], {"b": [1, 2.0]})'],
        ['set(spanevent.name, "${env:HOME} costs $1")', "set(span.status.code, 1)"],
        ['set(name, "never") where kind == SPAN_KIND_CLIENT'],
        ['set(attributes["empty"], {})', 'set(attributes["nil"], attributes["nothing"])'],
        [r'set(attributes["bytes"], 0x00ff)', "set(name, \"two\nlines: '#' \\u00fc\")"],
        ['set(attributes["it\'s \\"so\\""], true)', "set(start_time_unix_nano, 0)"],
        ['set(schema_url, "http://s") where resource.attributes["a"] == nil'],
    ],
)
def test_a_test_that_is_saved_passes(statements: list[str]) -> None:
    prompt = session("resource" if "schema_url" in statements[0] else "")
    for text in statements:
        prompt.run(text)
    assert [one.problems for one in results(saved(prompt))] == [[]]


@pytest.mark.parametrize("index", [1, 2])
def test_records_of_each_signal_can_be_saved(index: int) -> None:
    prompt = session()
    prompt.move(index)
    prompt.run('set(resource.attributes["a"], 1)')
    prompt.run('append(resource.attributes["a"], 2)')
    assert [one.problems for one in results(saved(prompt))] == [[]]


def test_records_that_are_added_are_expected() -> None:
    prompt = session()
    prompt.move(2)
    prompt.run('copy_metric(name = "other") where metric.name != "other"')
    text = saved(prompt)
    assert "expect:" in text
    assert [one.problems for one in results(text)] == [[]]


def test_a_saved_test_fails_once_the_statement_does_something_else() -> None:
    prompt = session()
    prompt.run('set(span.name, "x")')
    (result,) = results(saved(prompt).replace('set(span.name, "x")', 'set(span.name, "y")'))
    assert not result.passed


def test_another_record_is_another_test_of_the_same_statements() -> None:
    prompt = session()
    prompt.run_on_all('set(resource.attributes["a"], 1)')
    text = "# by hand\n" + saved(prompt)
    prompt.move(2)
    text = saved(prompt, text)
    prompt.move(0)
    text = saved(prompt, text)
    assert text.startswith("# by hand\n")
    assert [(one.test.name, one.passed) for one in results(text)] == [
        ("set on GET /cart/8812", True),
        ("set on http.server.requests", True),
        ("set on GET /cart/8812 (2)", True),
    ]


def test_a_file_that_tests_other_statements_is_left_alone() -> None:
    prompt = session()
    prompt.run('set(span.name, "x")')
    text = saved(prompt)
    prompt.run('set(span.name, "y")')
    with pytest.raises(UsageError, match="tests other statements"):
        saved(prompt, text)


@pytest.mark.parametrize(
    ("existing", "message"),
    [
        ("a: 1\n", "is no file of tests"),
        ("- 1\n", "is no file of tests"),
        ("a: [\n", "no YAML"),
        ("statements: ['set(span.name, \"x\")']\ntests: [{name: a}]\n", "nothing can be appended"),
        ("tests:\n  - name: a\nstatements: ['set(span.name, \"x\")']\n", "nothing can be appended"),
    ],
)
def test_what_cannot_be_appended_to_is_refused(existing: str, message: str) -> None:
    prompt = session()
    prompt.run('set(span.name, "x")')
    with pytest.raises(UsageError, match=message):
        saved(prompt, existing)


def test_a_record_on_which_nothing_ran_is_no_test() -> None:
    prompt = session()
    prompt.run('set(span.name, "x")')
    prompt.move(1)
    with pytest.raises(NotThere, match="no statement ran on this record"):
        saved(prompt)


def test_what_a_file_cannot_say_is_refused() -> None:
    prompt = session()
    prompt.run('set(span.name, Decode("/w==", "base64"))')
    with pytest.raises(UsageError, match="more than a test file can say"):
        saved(prompt)


def test_gates_are_written_down() -> None:
    gates = switched("+ottl.functions.enableLambda")
    prompt = session()
    prompt.functions = replace(FunctionSet(), gates=gates)
    prompt.run('set(span.attributes["a"], When(() => true, 1, 2))')
    text = saved(prompt)
    assert "+ottl.functions.enableLambda" in text
    assert [one.problems for one in results(text)] == [[]]


def test_the_command_names_the_file_as_the_runner_finds_it() -> None:
    files = MemoryFiles()
    prompt = repl(files)
    said(prompt, 'set(span.name, "x")')
    assert said(prompt, ":save cart") == (
        "saved 'set on GET /cart/8812' to cart.test.yaml; otx ottl test cart.test.yaml runs it"
    )
    said(prompt, ":save cart.test.yaml")
    assert len(results(files.texts["cart.test.yaml"])) == 2
