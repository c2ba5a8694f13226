"""What ran, as a configuration that does the same."""

import pytest

from otx.errors import NotThere
from otx.model.signal import Signal
from otx.ottl.batch import Batch
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.plan_config import plan_of_config
from otx.ottl.repl.exporting import transform_yaml
from otx.ottl.repl.running import Prepared
from otx.ottl.repl.session import Session, Typed
from otx.ottl.report import Report
from otx.ottl.yaml_reading import load_yaml
from tests.ottl.repl.prompts import session


def exported(prompt: Session) -> dict[str, object]:
    data: dict[str, object] = load_yaml(transform_yaml(prompt.typed), "x", {}).data
    processors = data["processors"]
    assert isinstance(processors, dict)
    transform: dict[str, object] = processors["transform"]
    return transform


def test_groups_are_statements_of_one_context_in_their_order() -> None:
    prompt = session()
    for text in (
        'set(span.name, "a")',
        'set(span.name, "b")',
        'set(resource.attributes["a"], 1)',
        "set(kind, 3)",
    ):
        prompt.run(text)
    assert exported(prompt) == {
        "error_mode": "ignore",
        "trace_statements": [
            {"statements": ['set(span.name, "a")', 'set(span.name, "b")']},
            {"statements": ['set(resource.attributes["a"], 1)']},
            {"context": "span", "statements": ["set(kind, 3)"]},
        ],
    }


def test_each_signal_has_what_ran_on_it() -> None:
    prompt = session()
    prompt.run_on_all('set(resource.attributes["a"], 1)')
    prompt.move(1)
    prompt.run("set(log.severity_number, 1)")
    found = exported(prompt)
    assert list(found) == ["error_mode", "trace_statements", "metric_statements", "log_statements"]
    assert len(list(found["log_statements"])) == 2  # type: ignore[call-overload]  # a list


@pytest.mark.parametrize(
    "text",
    [
        'replace_pattern(attributes["url.query"], "token=([^&]*)", "token=<$1>")',
        'set(name, "it\'s: # \\n \\u00fc $$ ${env:HOME}")',
        'set(name,\n  "two\nlines")',
        r'set(name, "\x07\\")',
    ],
)
def test_a_collector_would_do_the_same(text: str) -> None:
    prompt = session()
    prompt.run(text)
    data = load_yaml(transform_yaml(prompt.typed), "x", {"HOME": "/root"}).data
    batch = Batch(prompt.current.signal, prompt.current.original)
    plan_of_config(data, error_mode="propagate").run(batch, Report())
    assert batch.close() == prompt.current.body


def test_what_no_processor_can_run_stands_in_a_comment() -> None:
    prompt = session()
    prompt.run('set(span.name, "a")')
    prepared = Prepared("set(flags, 1)", "statement", CONTEXTS["spanlink"], needs_prefix=False)
    typed = (*prompt.typed, Typed(prepared, frozenset((Signal.TRACES,)), frozenset((0,))))
    text = transform_yaml(typed)
    assert "# not here, for a transform processor has no spanlink: set(flags, 1)" in text
    assert "flags" not in str(load_yaml(text, "x", {}).data)


def test_nothing_is_no_configuration() -> None:
    with pytest.raises(NotThere):
        transform_yaml(())
