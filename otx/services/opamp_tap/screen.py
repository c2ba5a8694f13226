"""Events as lines for people, or as JSON: one document, or an object a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TextIO, TypeAlias

from otx.environment import Environment
from otx.model.cells import printable
from otx.model.units import counted
from otx.output import Output, Painter, to_json
from otx.services.opamp_tap.events import INDENT, Event
from otx.services.opamp_tap.summary import Summary

Form: TypeAlias = Literal["text", "json", "jsonl"]
Differences: TypeAlias = list[dict[str, object]]


@contextmanager
def open_screen(
    environment: Environment, out: str, form: Form, show_secrets: bool
) -> Iterator["TextScreen | JsonScreen"]:
    """What tells events in a form, at the place that was asked for."""
    with Output(environment, out).stream() as stream:
        if form == "text":
            yield TextScreen(stream, Painter.of(environment, stream), show_secrets)
        else:
            yield JsonScreen(stream, form == "json", show_secrets)


class TextScreen:
    """A line a message."""

    def __init__(self, stream: TextIO, painter: Painter, show_secrets: bool = False) -> None:
        self._stream = stream
        self._painter = painter
        self._show_secrets = show_secrets
        self._is_terminal = stream.isatty()

    def show(self, event: Event) -> None:
        """Write an event."""
        for line in event.lines(self._painter):
            self._stream.write(line + "\n")
        if self._show_secrets and event.message is not None:
            self._show_whole(event)
        if self._is_terminal:
            self._stream.flush()

    def _show_whole(self, event: Event) -> None:
        """Write a message field by field, where its line left something out."""
        whole = event.document(show_secrets=True)["message"]
        if whole == event.document()["message"]:
            return
        for line in to_json(whole, indent=2).splitlines():
            self._stream.write(f"{INDENT}{printable(line)}\n")

    def idle(self) -> None:
        """Write what waits."""
        self._stream.flush()

    def end(self, summary: Summary, lost: int, differences: Differences | None = None) -> None:
        """Write the summary, and where a replay differs from its record."""
        self._stream.write("\n")
        for line in summary.lines(self._painter):
            self._stream.write(line + "\n")
        if lost:
            self._stream.write(f"{counted(lost, 'event')} not shown: the output was too slow\n")
        for one in differences or []:
            text = f"differs, line {one['line']}: {printable(str(one['what']))}"
            self._stream.write(self._painter.paint(text, "-") + "\n")
        self._stream.flush()


class JsonScreen:
    """An object an event, the summary last; as one document `{"events": […], "summary": {…}}`."""

    def __init__(self, stream: TextIO, is_document: bool, show_secrets: bool) -> None:
        self._stream = stream
        self._is_document = is_document
        self._show_secrets = show_secrets
        self._before = '{"events": [\n' if is_document else ""

    def show(self, event: Event) -> None:
        """Write an event."""
        text = to_json(event.document(self._show_secrets))
        self._stream.write(self._before + text + ("" if self._is_document else "\n"))
        if self._is_document:
            self._before = ",\n"

    def idle(self) -> None:
        """Write what waits."""
        self._stream.flush()

    def end(self, summary: Summary, lost: int, differences: Differences | None = None) -> None:
        """Write the summary, and where a replay differs from its record."""
        more = {} if differences is None else {"differences": differences}
        text = to_json({**summary.document(), "not_shown": lost, **more})
        if self._is_document:
            begun = "" if self._before == ",\n" else self._before
            self._stream.write(f'{begun}\n],\n"summary": {text}}}\n')
        else:
            self._stream.write(text + "\n")
        self._stream.flush()
