"""What a session remembers, and the way back."""

from collections.abc import Iterator

import pytest

from otx.errors import NotThere, UsageError
from otx.otlp.decode import Request
from otx.ottl.cursor import PathBefore
from otx.ottl.errors import OttlError
from otx.ottl.repl.sample import sample
from otx.ottl.repl.session import Session
from tests.ottl.repl.prompts import session


def name_of(prompt: Session) -> object:
    return prompt.states()[0].short["span"]["name"]


def test_statements_are_taken_back_one_by_one() -> None:
    prompt = session()
    prompt.run('set(name, "a")')
    prompt.run('set(name, "b")')
    assert prompt.undo().text == 'set(name, "b")'
    assert (name_of(prompt), len(prompt.typed)) == ("a", 1)
    prompt.undo()
    assert (name_of(prompt), prompt.typed) == ("GET /cart/8812", ())
    with pytest.raises(NotThere):
        prompt.undo()


def test_taking_back_goes_to_the_record_it_was_typed_on() -> None:
    prompt = session()
    prompt.run('set(name, "a")')
    prompt.move(2)
    assert prompt.undo().index == prompt.index == 0


def test_a_statement_on_all_is_taken_back_from_all() -> None:
    prompt = session()
    before = list(prompt.records)
    prompt.run_on_all('set(resource.attributes["a"], 1)')
    assert prompt.undo().others == 2
    assert prompt.records == before


def test_a_replay_runs_all_that_was_typed_on_the_data_as_it_came() -> None:
    prompt = session()
    prompt.run('append(resource.attributes["l"], 1)')
    done = prompt.replay()
    assert [(one.matched, one.changed) for one in done] == [(3, 3)]
    for record in range(3):
        prompt.move(record)
        assert prompt.states()[0].short["resource"]["attributes"]["l"] == [1]
    assert prompt.typed[0].records == {0, 1, 2}
    prompt.undo()
    assert prompt.typed[0].records == {0}


def test_nothing_typed_can_not_be_replayed() -> None:
    with pytest.raises(UsageError, match="no statement ran"):
        session().replay()


def test_a_reset_reads_the_input_again() -> None:
    readings: list[list[Request]] = [list(sample())[:1], list(sample())]
    prompt = session(source=lambda: readings.pop(0))
    prompt.run('set(name, "a")')
    prompt.load()
    assert (len(prompt.records), prompt.typed, prompt.can_undo) == (3, (), False)
    assert name_of(prompt) == "GET /cart/8812"


def test_an_input_that_fails_changes_nothing() -> None:
    def broken() -> Iterator[Request]:
        yield next(sample())
        raise UsageError("cut off")

    prompt = session()
    prompt.run('set(name, "a")')
    for source in (broken, lambda: ()):
        with pytest.raises(UsageError):
            prompt.load(source, "other")
    assert (name_of(prompt), prompt.name) == ("a", "the built-in sample")


def test_the_edges_are_told() -> None:
    prompt = session()
    with pytest.raises(NotThere, match="the last is reached"):
        prompt.move(3)
    with pytest.raises(NotThere, match="the first is reached"):
        prompt.move(-1)
    assert prompt.index == 0


def test_finding_goes_on_behind_the_current_record_and_begins_again() -> None:
    prompt = session()
    prompt.find(prompt.question('resource.attributes["service.name"] == "checkout"'))
    assert prompt.index == 1
    prompt.find(prompt.question("span.kind == SPAN_KIND_SERVER"))
    assert prompt.index == 0
    prompt.find(prompt.question('spanevent.name == "exception"'))
    assert prompt.index == 0
    with pytest.raises(NotThere):
        prompt.find(prompt.question("span.kind == SPAN_KIND_CLIENT"))
    with pytest.raises(OttlError):
        prompt.question("span.kind")


def test_a_record_without_the_context_is_told_apart() -> None:
    prompt = session()
    with pytest.raises(UsageError, match="no log: it is of traces"):
        prompt.run("set(log.severity_number, 1)")
    with pytest.raises(UsageError, match="no record has a profile"):
        prompt.run_on_all("set(profile.time_unix_nano, 1)")
    with pytest.raises(UsageError, match="only statements"):
        prompt.run_on_all("kind == 2")


def test_a_check_runs_nothing() -> None:
    prompt = session()
    prompt.check('set(name, "x")')
    assert name_of(prompt) == "GET /cart/8812"
    for text in ("set(name)", "kind ==", "nosuch(1)", 'set(log.body, "x")'):
        with pytest.raises(UsageError):
            prompt.check(text)


def test_keys_are_learnt_from_the_data_and_from_what_is_typed() -> None:
    prompt = session()
    attributes = PathBefore(("attributes",))
    assert "http.route" in prompt.keys()("span", attributes)
    assert "exception.type" in prompt.keys()("spanevent", attributes)
    assert prompt.keys()("datapoint", attributes)["http.request.method"] == 2
    prompt.run('set(attributes["new"], {"inner": 1})')
    assert "new" in prompt.keys()("span", attributes)
    assert prompt.keys()("span", PathBefore(("attributes",), ("new",))) == {"inner": 1}
