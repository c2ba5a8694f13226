"""A prompt on the built-in sample, with a file system in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from otx.errors import UsageError
from otx.otlp.decode import Request
from otx.ottl.functions.registry import FunctionSet
from otx.ottl.gates import switched
from otx.ottl.repl.engine import Repl
from otx.ottl.repl.sample import NAME, sample
from otx.ottl.repl.session import Session, Source
from otx.output import Painter


@dataclass(slots=True)
class MemoryFiles:
    """Files by name: texts, and telemetry."""

    texts: dict[str, str] = field(default_factory=dict)
    telemetry: dict[str, list[Request]] = field(default_factory=dict)

    def source(self, name: str) -> Source:
        def read() -> Iterable[Request]:
            if name not in self.telemetry:
                raise UsageError(f"cannot read {name}")
            return self.telemetry[name]

        return read

    def read(self, name: str) -> str | None:
        return self.texts.get(name)

    def write(self, name: str, text: str) -> None:
        self.texts[name] = text


def session(context: str = "", source: Source = sample) -> Session:
    """A session on the sample: a span, a log record, a metric."""
    made = Session(source, NAME, FunctionSet(gates=switched("")), context, clock=lambda: 0)
    made.load()
    return made


def repl(files: MemoryFiles | None = None, context: str = "") -> Repl:
    """A prompt without colours."""
    return Repl(session(context), files or MemoryFiles(), Painter(wants_colour=False))


def said(prompt: Repl, entry: str) -> str:
    """What an entry brings; it may not fail."""
    reply = prompt.execute(entry)
    text = "\n".join(reply.lines)
    assert not reply.is_failure, text
    return text


def refused(prompt: Repl, entry: str) -> str:
    """What is said of an entry that fails."""
    reply = prompt.execute(entry)
    text = "\n".join(reply.lines)
    assert reply.is_failure, text
    return text
