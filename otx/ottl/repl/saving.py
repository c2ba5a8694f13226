"""What ran on a record, as a unit test: the record as it came, the statements, and what changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from otx.errors import NotThere, UsageError
from otx.model.signal import Signal
from otx.otlp.json_codec import write_message
from otx.otlp.wire import WIRE
from otx.ottl.changes import path_text
from otx.ottl.formatter import format_statement
from otx.ottl.gates import switched
from otx.ottl.record_state import RecordState, states_of
from otx.ottl.repl.exporting import WIDTH, transform_config
from otx.ottl.repl.loading import LoadedRecord
from otx.ottl.repl.session import Session, Typed
from otx.ottl.unit_tests.findings import OpenedFile
from otx.ottl.unit_tests.reading import read_test_file
from otx.ottl.unit_tests.record_paths import InvalidPath, difference
from otx.ottl.unit_tests.results import run_tests
from otx.ottl.yaml_reading import load_yaml


def with_test(session: Session, existing: str | None, name: str) -> tuple[str, str]:
    """A test file with one more test, for the statements that ran on the current record.

    Args:
        session: Whose record.
        existing: What the file says; None where it does not exist.
        name: What errors call it.

    Returns:
        The name of the test, and the file's text.

    Raises:
        NotThere: Nothing ran on the record.
        UsageError: The file tests something else, or cannot be appended to.
    """
    typed = [one for one in session.typed if session.index in one.records]
    if not typed:
        raise NotThere(
            "no statement ran on this record", hint=":all runs what was typed on every record"
        )
    subject = {**_gates(session), **_subject(typed)}
    if existing is None or not existing.strip():
        test = _test(session, typed, taken=())
        _check_passes(subject, test, session)
        return test["name"], _file(subject, test)
    data = load_yaml(existing, name).data
    if not isinstance(data, dict) or not isinstance(data.get("tests"), list):
        raise UsageError(f"{name} is no file of tests", hint="save to a file of another name")
    if any(data.get(key) != value for key, value in subject.items()):
        raise UsageError(
            f"{name} tests other statements than those that ran on this record",
            hint="save to a file of another name",
        )
    names = [str(one.get("name", "")) for one in data["tests"] if isinstance(one, dict)]
    test = _test(session, typed, taken=names)
    _check_passes(subject, test, session)
    text = f"{existing.rstrip()}\n{_item(test)}"
    _check_appended(text, name, data, test)
    return test["name"], text


def _subject(typed: Sequence[Typed]) -> dict[str, Any]:
    """What the file tests: one list where one context is enough, else a transform processor."""
    contexts = {one.prepared.context.name for one in typed}
    if len(contexts) > 1:
        return {"transform": transform_config(typed)}
    texts = [_escaped(format_statement(one.prepared.text, WIDTH)) for one in typed]
    if all(one.prepared.needs_prefix for one in typed):
        return {"statements": texts}
    return {"context": contexts.pop(), "statements": texts}


def _test(session: Session, typed: Sequence[Typed], taken: Sequence[str]) -> dict[str, Any]:
    record = session.current
    (before,) = states_of(record.signal, record.original)
    after = states_of(record.signal, record.body)
    test: dict[str, Any] = {"name": _name(before, typed, taken), "input": _input(record)}
    try:
        if len(after) != 1:
            raise InvalidPath("there are more records than before")
        changes = difference(before.short, after[0].short)
        test["changes"] = {path_text(steps, value): value for steps, value in changes.items()}
    except InvalidPath:
        # Records that were added, or Empty values: only the whole can say it.
        test["expect"] = _expected(record)
    return test


def _name(state: RecordState, typed: Sequence[Typed], taken: Sequence[str]) -> str:
    """A name that tells the record and the last statement, and that no other test has."""
    function = typed[-1].prepared.text.strip().partition("(")[0]
    title = state.title.strip('"') or state.word
    name = f"{function} on {title}"
    numbers = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbers if one not in taken)


def _input(record: LoadedRecord) -> dict[str, Any]:
    """The record as it came, in the short form where that can say it."""
    (state,) = states_of(record.signal, record.original)
    if record.signal is Signal.PROFILES:
        return {"otlp": _document(record.signal, record.original)}
    return {key: value for key, value in state.short.items() if value or key == state.word}


def _expected(record: LoadedRecord) -> dict[str, Any]:
    """The records as they are."""
    if record.signal is Signal.PROFILES:
        return {"otlp": _document(record.signal, record.body)}
    states = states_of(record.signal, record.body)
    word = states[0].word
    above = {key: states[0].short[key] for key in ("resource", "scope") if states[0].short[key]}
    return {f"{word}s": [one.short[word] for one in states], **above}


def _document(signal: Signal, body: bytes) -> dict[str, Any]:
    return write_message(WIRE[signal].request_class.FromString(body))


def _gates(session: Session) -> dict[str, Any]:
    """The feature gates that the prompt was started with, where those are not the usual ones."""
    usual, given = switched(""), session.functions.gates
    gates = [*(f"+{one}" for one in given - usual), *(f"-{one}" for one in usual - given)]
    return {"feature_gates": sorted(gates)} if gates else {}


def _escaped(text: str) -> str:
    """A text as a Collector's configuration writes it, which expands variables."""
    return text.replace("$", "$$")


def _yaml(data: Mapping[str, Any]) -> str:
    dumped: str = yaml.safe_dump(
        dict(data), sort_keys=False, allow_unicode=True, width=1 << 20, indent=2
    )
    return dumped


def _item(test: Mapping[str, Any]) -> str:
    first, *rest = _yaml(test).splitlines()
    return "\n".join([f"  - {first}", *(f"    {line}" if line else "" for line in rest)]) + "\n"


def _file(subject: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    return f"{_yaml(subject)}\ntests:\n{_item(test)}"


def _check_passes(subject: Mapping[str, Any], test: Mapping[str, Any], session: Session) -> None:
    """See that the test says what happened, by running it.

    Raises:
        UsageError: It does not pass.
    """
    text = _file(subject, test)
    try:
        file = read_test_file(
            text, "the test", _no_file, {}, allows_extensions=session.functions.allows_extensions
        )
        passes = all(one.passed for one in run_tests(file, session.clock))
    except UsageError:
        passes = False
    if not passes:
        raise UsageError("what happened to this record is more than a test file can say")


def _no_file(name: str) -> OpenedFile:
    raise FileNotFoundError(name)


def _check_appended(
    text: str, name: str, before: Mapping[str, Any], test: Mapping[str, Any]
) -> None:
    """See that the text says what it said and the test.

    Raises:
        UsageError: `tests` is not the last key, or not written as a list one below the other.
    """
    wanted = {**before, "tests": [*before["tests"], test]}
    try:
        is_right = load_yaml(text, name).data == wanted
    except UsageError:
        is_right = False
    if not is_right:
        raise UsageError(
            f"nothing can be appended to {name}",
            hint="tests has to be its last key, a list one below the other, indented by two",
        )
