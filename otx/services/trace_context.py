"""What `otx trace-context decode` does: reads headers, and shows what they say."""

import io
import select
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.output import Output, Painter
from otx.propagation.decoding import decode_headers
from otx.propagation.document import decoded_document
from otx.propagation.model import Decoded, Level

if TYPE_CHECKING:
    from otx.propagation.inputs import HeaderSet

MAX_INPUT_BYTES = 1 << 28
"""Of stdin, where it is read as a whole."""
PAUSE_S = 0.2
"""After it a live stream is answered line by line, if its lines may be sets of their own."""
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What `decode` was asked for; `form` is None where nothing was said."""

    words: Sequence[str]
    is_each: bool
    level: Level
    form: Literal["text", "json"] | None
    out: str


def run_decode(environment: Environment, options: DecodeOptions) -> ExitCode:
    """Decode, and print; the exit code is 1 where a set of headers is not valid, or a tracestate.

    Raises:
        UsageError: There is nothing to decode, or it is of no form that is known.
    """
    if options.is_each:
        return _decode_each(environment, options)
    sets = read_sets(environment, options.words)
    found = [_decoded(one, options.level) for one in sets]
    output = Output(environment, options.out)
    if options.form == "json":
        documents = [
            decoded_document(decoded, one.request) for one, decoded in zip(sets, found, strict=True)
        ]
        output.document(documents[0] if len(documents) == 1 else documents)
    else:
        with output.stream() as stream:
            painter = Painter(wants_colour=environment.wants_colour(stream))
            for number, (one, decoded) in enumerate(zip(sets, found, strict=True)):
                lines = [""] if number else []
                lines += _lines(environment, one, decoded, painter)
                stream.write("\n".join(lines) + "\n")
    return ExitCode.DONE if all(map(_is_valid, found)) else ExitCode.NO


def read_sets(environment: Environment, words: Sequence[str]) -> "list[HeaderSet]":
    """The set of headers that arguments name, or those that stand on stdin.

    Raises:
        UsageError: There is neither, or stdin has a form that is not known.
    """
    from otx.propagation.inputs import read_text, read_words

    if words and list(words) != ["-"]:
        return [read_words(map(_clean, words))]
    is_asked_for = bool(words) or not environment.stdin.isatty()
    data = environment.stdin.read(MAX_INPUT_BYTES + 1) if is_asked_for else b""
    if not data.strip():
        raise UsageError(
            "nothing to read", hint="a header as an argument, or a block of headers on stdin"
        )
    if len(data) > MAX_INPUT_BYTES:
        raise UsageError("more than 256 MiB on stdin", hint="--each reads streams of any size")
    return read_text(data.decode("utf-8", "replace"))


def _decode_each(environment: Environment, options: DecodeOptions) -> ExitCode:
    """One document a line, written as soon as what is there has been read."""
    from json import JSONEncoder

    if options.form == "text":
        raise UsageError("--each prints JSON lines", hint="leave out --format text")
    encode = JSONEncoder(ensure_ascii=False).encode
    all_valid, is_empty = True, True
    with Output(environment, options.out).stream() as stream:
        for sets in _batches(environment, options.words):
            lines = []
            for one in sets:
                decoded = _decoded(one, options.level)
                all_valid &= _is_valid(decoded)
                lines.append(encode(decoded_document(decoded, one.request)))
            if lines:
                is_empty = False
                stream.write("\n".join(lines) + "\n")
                stream.flush()
    if is_empty:
        raise UsageError("nothing to read", hint="--each takes a header a line on stdin")
    return ExitCode.DONE if all_valid else ExitCode.NO


def _is_valid(decoded: Decoded) -> bool:
    """Whether there is a context, and no tracestate that is dropped."""
    return decoded.problem is None and decoded.found.tracestate is None


def _batches(environment: Environment, words: Sequence[str]) -> "Iterator[Iterable[HeaderSet]]":
    from otx.propagation.each import EachReader
    from otx.propagation.inputs import read_words

    if words and list(words) != ["-"]:
        yield (read_words([_clean(word)]) for word in words)
        return
    if not words and environment.stdin.isatty():
        raise UsageError("nothing to read", hint="--each takes a header a line on stdin")
    reader = EachReader()
    stdin = environment.stdin
    read = stdin.read1 if isinstance(stdin, io.BufferedIOBase) else stdin.read
    while True:
        if reader.is_undecided and _pauses(stdin):
            yield reader.pause()
        chunk = read(_CHUNK_BYTES)
        if not chunk:
            break
        yield reader.feed(chunk)
    yield reader.finish()


def _pauses(stdin: BinaryIO) -> bool:
    """Whether nothing comes for a moment; what is no pipe never pauses."""
    try:
        # read1 of that many bytes leaves nothing in a buffer, where it would not be seen here.
        return not select.select([stdin.fileno()], (), (), PAUSE_S)[0]
    except (OSError, ValueError):
        return False


def _decoded(one: "HeaderSet", level: Level) -> Decoded:
    return decode_headers(one.pairs, level, is_environment=one.is_environment)


def _lines(
    environment: Environment, one: "HeaderSet", decoded: Decoded, painter: Painter
) -> list[str]:
    from otx.propagation.report.page import page

    head = [painter.strong(one.request)] if one.request else []
    now_unix_s = environment.clock() // 1_000_000_000
    return [*head, *page(decoded, painter, now_unix_s, one.judged_as)]


def _clean(word: str) -> str:
    """An argument whose bytes are no UTF-8 has U+FFFD for them, as stdin has."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
