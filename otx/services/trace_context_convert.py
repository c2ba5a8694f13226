"""What `otx trace-context convert` and `encode` do: write a context, and say what is lost."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from otx.environment import Environment
from otx.errors import ExitCode, UsageError
from otx.model.cells import printable
from otx.output import Output, Painter, Remarks
from otx.propagation.conversion import Converted, convert
from otx.propagation.decoding import decode_headers
from otx.propagation.document import decoded_document
from otx.propagation.ids import HEX
from otx.propagation.model import Decoded, Level, SpanContext
from otx.propagation.registry import BY_NAME, TARGETS, Format
from otx.services.trace_context import read_sets

ALL = "all"
_TRACE_BYTES, _SPAN_BYTES = 16, 8


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """What `encode` was asked for; ids that were not given are made."""

    trace_id: str | None
    parent_id: str | None
    is_sampled: bool
    is_random: bool | None
    state: Sequence[str]
    baggage: Sequence[str]


@dataclass(frozen=True, slots=True)
class Target:
    """Where to: the name of a format or `all`, the form of the output, its place."""

    name: str
    form: Literal["text", "json"]
    out: str

    def formats(self) -> list[Format]:
        """The formats that are asked for.

        Raises:
            UsageError: There is no such format.
        """
        if self.name == ALL:
            return list(TARGETS)
        found = BY_NAME.get(self.name)
        if found is None or not (found.is_target or found.is_response):
            known = ", ".join(one.name for one in TARGETS)
            raise UsageError(f"{self.name!r} is no format", hint=f"those are {known}, {ALL}")
        return [found]


def run_convert(
    environment: Environment, words: Sequence[str], target: Target, level: Level
) -> ExitCode:
    """Write the context of headers in another format.

    The exit code is 1 where it, or its tracestate, is not valid, and where nothing of it can be
    said in that format.

    Raises:
        UsageError: There is nothing to read, or more than one request; no such format.
    """
    formats = target.formats()
    sets = read_sets(environment, words)
    if len(sets) > 1:
        raise UsageError(
            f"{len(sets)} requests on stdin, convert takes one", hint="decode shows all of them"
        )
    (one,) = sets
    decoded = decode_headers(one.pairs, level, is_environment=one.is_environment)
    if decoded.context is None:
        _refuse(environment, decoded, target)
        return ExitCode.NO
    is_written = _write(environment, decoded.context, formats, target)
    if decoded.found.tracestate is not None:
        detail = printable(decoded.found.tracestate.detail)
        Remarks(environment).note(f"tracestate is dropped: {detail}")
    is_valid = decoded.found.tracestate is None
    return ExitCode.DONE if is_written and is_valid else ExitCode.NO


def run_encode(
    environment: Environment,
    options: EncodeOptions,
    target: Target,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> ExitCode:
    """Write a context that is made of options.

    Raises:
        UsageError: An id, a member of tracestate or of baggage is not valid; no such format.
    """
    formats = target.formats()
    # X-Ray refuses trace ids that do not begin with a recent time.
    begins_with_time = any(one.name == "xray" for one in formats)
    now_unix_s = environment.clock() // 1_000_000_000 if begins_with_time else None
    context = made_context(options, random_bytes, now_unix_s)
    _write(environment, context, formats, target)
    return ExitCode.DONE


def made_context(
    options: EncodeOptions, random_bytes: Callable[[int], bytes], now_unix_s: int | None = None
) -> SpanContext:
    """The context that options ask for; an id that was made is random, and says so.

    Args:
        options: What is asked for.
        random_bytes: Gives so many of them.
        now_unix_s: What a trace id that is made begins with; its last 7 bytes stay random.

    Raises:
        UsageError: As `run_encode`.
    """
    is_random = options.is_random
    if is_random is None:
        is_random = options.trace_id is None
    pairs = []
    trace_id = _id("--trace-id", options.trace_id, _TRACE_BYTES, random_bytes)
    if options.trace_id is None and now_unix_s is not None:
        trace_id = f"{now_unix_s & 0xFFFFFFFF:08x}{trace_id[8:]}"
    parent_id = _id("--parent-id", options.parent_id, _SPAN_BYTES, random_bytes)
    flags = int(options.is_sampled) | (2 if is_random else 0)
    pairs.append(("traceparent", f"00-{trace_id}-{parent_id}-{flags:02x}"))
    if options.state:
        pairs.append(("tracestate", ",".join(options.state)))
    pairs += [("baggage", entry) for entry in options.baggage]
    decoded = decode_headers(pairs)
    problem = decoded.problem or decoded.found.tracestate or decoded.found.baggage
    if problem is not None or decoded.context is None:
        flag = "--baggage" if problem and problem.code.startswith("bg_") else "--state"
        detail = problem.detail if problem else ""
        raise UsageError(f"{flag}: {printable(detail)}", hint=f"{flag} K=V")
    return decoded.context


def _id(flag: str, text: str | None, size: int, random_bytes: Callable[[int], bytes]) -> str:
    if text is None:
        made = random_bytes(size)
        return (made if any(made) else b"\x01" * size).hex()
    lower = text.strip().lower()
    widths = (size * 2, 16)
    if len(lower) not in widths or lower.strip(HEX):
        digits = "32 hex digits, or 16 of a 64-bit one" if size == _TRACE_BYTES else "16 hex digits"
        raise UsageError(f"{flag} {printable(text)!r} is no id", hint=f"an id has {digits}")
    if not lower.strip("0"):
        raise UsageError(f"{flag} is all zero, which is no id")
    return lower.rjust(size * 2, "0")


def _write(
    environment: Environment, context: SpanContext, formats: Sequence[Format], target: Target
) -> bool:
    """Whether any of it could be written."""
    now_unix_s = environment.clock() // 1_000_000_000
    made = [convert(context, one, now_unix_s) for one in formats]
    output = Output(environment, target.out)
    is_written = any(one.headers for one in made)
    if target.form == "json":
        documents = [_document(one) for one in made]
        output.document(documents if target.name == ALL else documents[0])
        return is_written
    if target.name == ALL:
        _write_all(environment, output, made)
        return is_written
    (one,) = made
    equals = "=" if one.format.name == "env" else ": "
    output.text("\n".join(f"{name}{equals}{printable(value)}" for name, value in one.headers))
    _remark(environment, one)
    return is_written


def _write_all(environment: Environment, output: Output, made: Sequence[Converted]) -> None:
    from otx.propagation.report.page import converted_lines

    with output.stream() as stream:
        painter = Painter(wants_colour=environment.wants_colour(stream))
        for one in made:
            stream.write("\n".join(converted_lines(one, painter)) + "\n")


def _remark(environment: Environment, one: Converted) -> None:
    remarks = Remarks(environment)
    if not one.headers:
        remarks.note(f"nothing to write: {one.format.name} cannot say any of it")
    for lost in one.lost:
        remarks.note(f"lost in {one.format.name}: {printable(lost.text)}")
    for caution in one.cautions:
        remarks.note(f"note: {printable(caution.text)}")


def _document(one: Converted) -> dict[str, Any]:
    return {
        "format": one.format.name,
        "headers": dict(one.headers),
        "lost": [{"code": lost.code, "message": lost.text} for lost in one.lost],
        "cautions": [{"code": note.code, "message": note.text} for note in one.cautions],
    }


def _refuse(environment: Environment, decoded: Decoded, target: Target) -> None:
    """Say why there is nothing to convert: as a document, or drawn on stderr."""
    if target.form == "json":
        Output(environment, target.out).document(decoded_document(decoded))
        return
    from otx.propagation.report.page import problem_lines

    painter = Painter(wants_colour=environment.wants_colour(environment.stderr))
    Remarks(environment).note("\n".join(problem_lines(decoded, painter)))
