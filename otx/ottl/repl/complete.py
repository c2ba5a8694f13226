"""What can be typed at the prompt: commands, and the OTTL that they or the line take."""

from collections.abc import Iterator

from otx.ottl.completion import Candidate, CandidateKind, Start, Surroundings, complete
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.functions.registry import all_functions
from otx.ottl.repl.commands import COMMANDS, Command
from otx.ottl.repl.running import CONTEXT_OF_SIGNAL, runs_on
from otx.ottl.repl.session import Session

_STARTS: dict[str, Start] = {"find": "condition", "all": "statement"}


def candidates(session: Session, entry: str, offset: int) -> list[Candidate]:
    """What can be typed at an offset of an entry; files are the terminal's business."""
    if not entry.startswith(":"):
        return complete(entry, offset, _surroundings(session, "any"))
    command, begin = argument_place(entry)
    if offset < begin or command is None:
        return list(_commands(entry[1:offset])) if offset <= len(entry.split()[0]) else []
    typed = entry[begin:offset]
    if command.takes_text:
        start = _STARTS.get(command.name, "any")
        found = complete(entry[begin:], offset - begin, _surroundings(session, start))
        return [_shifted(one, begin) for one in found]
    if command.name == "help":
        return list(_functions(typed, begin))
    return [Candidate(one, begin, one, "choice") for one in command.words if one.startswith(typed)]


def argument_place(entry: str) -> tuple[Command | None, int]:
    """The command of an entry, and where its argument begins."""
    name, blank, _ = entry[1:].partition(" ")
    return COMMANDS.get(name), len(name) + 2 if blank else len(entry) + 1


def _commands(typed: str) -> Iterator[Candidate]:
    for command in COMMANDS.values():
        if command.name.startswith(typed):
            text = f":{command.name}" + (" " if command.arguments else "")
            shown = f":{command.name} {command.arguments}".rstrip()
            yield Candidate(text, 0, shown, "command", "", command.about)


def _functions(typed: str, start: int) -> Iterator[Candidate]:
    for name, function in sorted(all_functions().items()):
        if name.lower().startswith(typed.lower()):
            kind: CandidateKind = "editor" if function.is_editor else "converter"
            yield Candidate(name, start, name, kind, "", function.summary)


def _shifted(one: Candidate, by: int) -> Candidate:
    return Candidate(one.text, one.start + by, one.label, one.kind, one.detail, one.about)


def _surroundings(session: Session, start: Start) -> Surroundings:
    if session.context:
        fixed = CONTEXTS[session.context]
        return Surroundings(start, [fixed], fixed, session.functions, session.keys())
    signal = session.current.signal
    contexts = [one for one in CONTEXTS.values() if runs_on(one, signal)]
    own = CONTEXTS[CONTEXT_OF_SIGNAL[signal]]
    return Surroundings(start, contexts, own, session.functions, session.keys())
