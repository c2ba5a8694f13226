"""The commands of the prompt: everything that begins with a colon."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from otx.errors import NotThere, UsageError
from otx.model.cells import printable
from otx.ottl.changes import flat
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.explanation import explain_text
from otx.ottl.function_hints import hint_for
from otx.ottl.function_page import page
from otx.ottl.functions.registry import all_functions
from otx.ottl.record_state import states_of
from otx.ottl.repl.desk import Desk
from otx.ottl.repl.exporting import transform_yaml
from otx.ottl.repl.loading import LoadedRecord
from otx.ottl.repl.replies import Reply
from otx.ottl.repl.saving import with_test

Run: TypeAlias = Callable[[Desk, str], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the prompt.

    Attributes:
        arguments: What it takes, as help shows it.
        about: What it does.
        words: What its argument chooses from; empty where anything goes.
        takes_text: Whether its argument is OTTL.
        takes_file: Whether its argument is a file.
    """

    name: str
    arguments: str
    about: str
    run: Run
    words: Sequence[str] = ()
    takes_text: bool = False
    takes_file: bool = False


def find_command(name: str) -> Command:
    """The command of a name, or of the beginning of one.

    Raises:
        UsageError: There is none, or more than one.
    """
    if name in COMMANDS:
        return COMMANDS[name]
    fitting = [one for one in COMMANDS if name and one.startswith(name)]
    if len(fitting) == 1:
        return COMMANDS[fitting[0]]
    if fitting:
        raise UsageError(f":{name} may be {', '.join(f':{one}' for one in fitting)}")
    raise UsageError(f"there is no command :{name}", hint=":help lists them")


def _help(desk: Desk, name: str) -> Reply:
    if name:
        return _page(name)
    shown = [(f":{one.name} {one.arguments}".rstrip(), one.about) for one in COMMANDS.values()]
    width = max(len(left) for left, _ in shown)
    return Reply(
        [
            "A statement runs on the record that is looked at, a condition or value is shown.",
            *(f"  {left.ljust(width)}  {about}" for left, about in shown),
            "Beginnings of commands will do: :n is :next.",
        ]
    )


def _page(name: str) -> Reply:
    if name.startswith(":"):
        command = find_command(name[1:])
        return Reply([f":{command.name} {command.arguments}".rstrip(), f"  {command.about}"])
    known = all_functions()
    if name not in known:
        raise NotThere(f"there is no function {name!r}", hint=hint_for(name, known))
    return Reply(page(known[name]))


def _show(desk: Desk, _: str) -> Reply:
    return desk.replies.of_record(desk.session)


def _next(desk: Desk, count: str) -> Reply:
    desk.session.move(desk.session.index + _number(count or "1"))
    return _show(desk, "")


def _previous(desk: Desk, count: str) -> Reply:
    desk.session.move(desk.session.index - _number(count or "1"))
    return _show(desk, "")


def _go(desk: Desk, number: str) -> Reply:
    desk.session.move(_number(number) - 1)
    return _show(desk, "")


def _find(desk: Desk, text: str) -> Reply:
    if not text:
        raise UsageError(':find takes a condition, or a text in quotes: :find "timeout"')
    is_text = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    holds = _containing(text[1:-1]) if is_text else desk.session.question(text)
    desk.session.find(holds)
    return _show(desk, "")


def _containing(text: str) -> Callable[[LoadedRecord], bool]:
    """Whether a record has a text anywhere, in any case: in a value, a key or a name."""
    wanted = text.casefold()

    def holds(record: LoadedRecord) -> bool:
        return any(
            wanted in path.casefold() or wanted in str(value).casefold()
            for state in states_of(record.signal, record.body)
            for path, value in flat(state.short).items()
        )

    return holds


def _load(desk: Desk, name: str) -> Reply:
    if not name:
        raise UsageError(":load takes a file of OTLP", hint=":reset reads the same input again")
    desk.session.load(desk.files.source(name), name)
    return _loaded(desk)


def _reset(desk: Desk, _: str) -> Reply:
    desk.session.load()
    return _loaded(desk)


def _loaded(desk: Desk) -> Reply:
    return Reply([*desk.greeting(), *_show(desk, "").lines])


def _context(desk: Desk, name: str) -> Reply:
    if name:
        desk.session.fix_context("" if name == "auto" else name)
    fixed = desk.session.context
    if fixed:
        return Reply([f"statements run on every {fixed}; :context auto infers it again"])
    return Reply(["the context is inferred from the paths of each text, as the Collector does"])


def _all(desk: Desk, text: str) -> Reply:
    session = desk.session
    return desk.replies.of_sweeps([session.run_on_all(text)] if text else session.replay())


def _undo(desk: Desk, _: str) -> Reply:
    return desk.replies.of_undo(desk.session.undo())


def _explain(desk: Desk, text: str) -> Reply:
    session = desk.session
    if text:
        prepared = session.understand(text)
    elif session.typed:
        prepared = session.typed[-1].prepared
    else:
        raise UsageError(":explain takes a statement, a condition or a value expression")
    context = "" if prepared.needs_prefix else prepared.context.name
    explanation = explain_text(prepared.text, context, session.functions)
    return Reply([printable(one) for one in explanation.lines()])


def _list(desk: Desk, _: str) -> Reply:
    typed = desk.session.typed
    if not typed:
        return Reply(["no statement ran yet"])
    lines = []
    for number, one in enumerate(typed, 1):
        where = "all" if len(one.records) > 1 else f"record {min(one.records) + 1}"
        text = " ".join(one.prepared.text.split())
        lines.append(f"{number:3}  {printable(text)}  ({one.prepared.context.name}, on {where})")
    return Reply(lines)


def _save(desk: Desk, name: str) -> Reply:
    if not name:
        raise UsageError(
            ":save takes the file of tests that it appends to", hint=":save cart.test.yaml"
        )
    name = name if name.endswith((".yaml", ".yml")) else f"{name}.test.yaml"
    test, content = with_test(desk.session, desk.files.read(name), name)
    desk.files.write(name, content)
    return Reply([f"saved {test!r} to {name}; otx ottl test {name} runs it"])


def _export(desk: Desk, name: str) -> Reply:
    content = transform_yaml(desk.session.typed)
    if not name:
        return Reply(content.splitlines())
    desk.files.write(name, content)
    return Reply([f"wrote a transform processor to {name}"])


def _quit(_: Desk, __: str) -> Reply:
    return Reply(is_end=True)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise UsageError(f"{text!r} is no number of records")
    return int(text)


COMMANDS: dict[str, Command] = {
    one.name: one
    for one in (
        Command("help", "[FUNCTION]", "this list, or the page of a function", _help),
        Command("show", "", "the whole record", _show),
        Command("next", "[N]", "look at the next record", _next),
        Command("prev", "[N]", "look at the record before", _previous),
        Command("go", "N", "look at record N", _go),
        Command(
            "find",
            'CONDITION|"TEXT"',
            "look at the next record that it holds for, or that has the text",
            _find,
            takes_text=True,
        ),
        Command(
            "all",
            "[STATEMENT]",
            "run it on every record; without one, all that was typed on the data as it came",
            _all,
            takes_text=True,
        ),
        Command("undo", "", "take the last statement back", _undo),
        Command("list", "", "the statements that ran", _list),
        Command(
            "explain",
            "[TEXT]",
            "its tree with types, and why it runs where it does",
            _explain,
            takes_text=True,
        ),
        Command(
            "context",
            "[NAME|auto]",
            "fix where texts run, or infer it again",
            _context,
            words=("auto", *CONTEXTS),
        ),
        Command("load", "FILE", "look at other data", _load, takes_file=True),
        Command("reset", "", "read the input again and forget what ran", _reset),
        Command(
            "save",
            "FILE",
            "append what ran on this record to a file of unit tests",
            _save,
            takes_file=True,
        ),
        Command(
            "export",
            "[FILE]",
            "what ran as the YAML of a transform processor",
            _export,
            takes_file=True,
        ),
        Command("quit", "", "leave, as Ctrl-D does", _quit),
    )
}
"""By name, in the order of the help."""
