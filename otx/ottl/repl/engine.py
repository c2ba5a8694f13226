"""The prompt without its terminal: an entry in, lines out, and what can be typed meanwhile."""

from otx.errors import OtxError
from otx.model.units import format_count
from otx.ottl.completion import Candidate
from otx.ottl.contexts.table import CONTEXTS
from otx.ottl.repl.commands import find_command
from otx.ottl.repl.complete import argument_place, candidates
from otx.ottl.repl.desk import Desk
from otx.ottl.repl.replies import Reply, counted
from otx.ottl.repl.running import CONTEXT_OF_SIGNAL, StatementResult
from otx.ottl.repl.session import ConditionResult
from otx.ottl.tokens import is_open
from otx.ottl.traps import Surroundings, traps_in


class Repl(Desk):
    """A session with its commands and its words."""

    def execute(self, entry: str) -> Reply:
        """Carry an entry out; errors that the user can mend are replies too."""
        text = entry.strip()
        if not text:
            return Reply()
        try:
            return self._command(text[1:]) if text.startswith(":") else self._text(text)
        except OtxError as error:
            return self.replies.of_error(error)

    def check(self, entry: str) -> OtxError | None:
        """What is wrong with an entry before it is carried out; None where nothing is."""
        if not entry.strip() or entry.lstrip().startswith(":"):
            return None
        try:
            self.session.check(entry)
        except OtxError as error:
            return error
        return None

    def complete(self, entry: str, offset: int) -> list[Candidate]:
        """What can be typed at an offset of an entry."""
        return candidates(self.session, entry, offset)

    def prompt(self) -> str:
        """What stands before an entry."""
        session = self.session
        return f"ottl({session.context or CONTEXT_OF_SIGNAL[session.current.signal]})> "

    def status(self) -> str:
        """Where one is, in a line."""
        session = self.session
        place = f"record {session.index + 1} of {format_count(len(session.records))}"
        context = f"context {session.context}" if session.context else "context inferred"
        ran = f"{counted(len(session.typed), 'statement')} ran"
        return f"{place}   {context}   {ran}   :help  Tab completes  Ctrl-D leaves"

    def _text(self, text: str) -> Reply:
        result = self.session.run(text)
        if isinstance(result, StatementResult):
            reply = self.replies.of_statement(result)
        elif isinstance(result, ConditionResult):
            reply = self.replies.of_condition(result)
        else:
            reply = self.replies.of_value(result)
        return self.replies.with_traps(reply, traps_in(text, self._around()))

    def _around(self) -> Surroundings:
        """Where an entry runs."""
        name, functions = self.session.context, self.session.functions
        if name:
            return Surroundings((CONTEXTS[name],), functions, is_given=True)
        return Surroundings(tuple(CONTEXTS.values()), functions)

    def _command(self, text: str) -> Reply:
        name, _, argument = text.partition(" ")
        return find_command(name).run(self, argument.strip())


def needs_more(entry: str) -> bool:
    """Whether an entry goes on in the next line: a bracket or a quote is open."""
    if not entry.lstrip().startswith(":"):
        return is_open(entry)
    command, begin = argument_place(entry.lstrip())
    return command is not None and command.takes_text and is_open(entry.lstrip()[begin:])
