"""A set of headers as a whole: every format that is there, and whether they agree."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from otx.propagation.carrier import Carrier, canonical, is_variable
from otx.propagation.model import (
    BaggageEntry,
    Conflict,
    Decoded,
    Findings,
    Level,
    Malformed,
    Problem,
    Reading,
    SpanContext,
)
from otx.propagation.registry import BAGGAGE_PREFIXES, BY_NAME, Format, formats_of, is_known

HALF = 16
"""Digits of a 64-bit id."""
_NO_HALF = "0" * HALF
_JOINED = frozenset(("tracestate", "baggage", "server-timing", "traceparent", "jaeger-baggage"))
"""Headers of which several fields mean something: one list, or an error of its own."""


def decode_headers(
    pairs: Iterable[tuple[str, str]], level: Level = 2, *, is_environment: bool = False
) -> Decoded:
    """What headers say; never raises, whatever they are.

    Args:
        pairs: Names and values in the order in which they came; names may repeat.
        level: The level of W3C Trace Context that the reader holds to.
        is_environment: Whether they are known to be environment variables.
    """
    carrier = Carrier(pairs)
    found = Findings(level)
    readings = [_read(one, carrier, found) for one in formats_of(carrier)]
    counts = _that_counts(readings)
    # Baggage is no rival of a trace context, but travels beside it.
    others = tuple([one for one in readings if one is not counts and one.format != "baggage"])
    baggage = _baggage(carrier, found, readings)
    context = None if counts is None else counts.context
    if context is not None and baggage is not None:
        context = replace(context, baggage=baggage)
    if len(carrier.fields) > len(carrier.names):
        found.warnings += _repeated(carrier)
    conflicts = _judge_others(counts, others, found) if others else ()
    return Decoded(
        counts,
        others,
        context,
        is_environment or _has_variables(carrier),
        Problem("missing_traceparent") if counts is None else counts.problem,
        baggage,
        tuple(found.warnings),
        conflicts,
        found,
        tuple(carrier.fields),
    )


def same_trace(one: str, other: str) -> bool:
    """Whether two trace ids are of one trace: a 64-bit one is the low half of a 128-bit one."""
    if _NO_HALF in (one[:HALF], other[:HALF]):
        return one[HALF:] == other[HALF:]
    return one == other


def _read(one: Format, carrier: Carrier, found: Findings) -> Reading:
    try:
        return Reading(one.name, one.codec.decode(carrier, found), None)
    except Malformed as error:
        return Reading(one.name, None, error.problem)


def _that_counts(readings: Sequence[Reading]) -> Reading | None:
    """The first valid one of a request, else the first; without any, a response's, then baggage."""
    if len(readings) < 2:
        return readings[0] if readings else None
    requests = [one for one in readings if _is_of_request(one)]
    responses = [one for one in readings if BY_NAME[one.format].is_response]
    rivals = requests or responses or readings
    return next((one for one in rivals if one.problem is None), rivals[0])


def _is_of_request(reading: Reading) -> bool:
    return reading.format != "baggage" and not BY_NAME[reading.format].is_response


def _baggage(
    carrier: Carrier, found: Findings, readings: Sequence[Reading]
) -> tuple[BaggageEntry, ...] | None:
    """The baggage of all headers."""
    entries: list[BaggageEntry] | None = None
    if readings and readings[-1].format == "baggage":
        last = readings[-1]
        entries = list((last.context.baggage if last.context else None) or ())
        found.baggage = last.problem
        if last.problem is not None and len(readings) > 1:
            found.warnings.append(last.problem)
    if any(name.startswith(BAGGAGE_PREFIXES) or name == "jaeger-baggage" for name in carrier.names):
        from otx.propagation.formats import jaeger, ot_trace

        entries = [*(entries or ()), *(jaeger.decode_baggage(carrier) or ())]
        entries += ot_trace.decode_baggage(carrier) or ()
    if entries:
        _warn_of_secrets(entries, carrier, found)
    return None if entries is None else tuple(entries)


def _warn_of_secrets(entries: Sequence[BaggageEntry], carrier: Carrier, found: Findings) -> None:
    from otx.propagation.formats.baggage import secrets

    for key in secrets(entries):
        for field in carrier.fields:
            if key in field.value:
                start = field.value.index(key)
                place = (field, start, start + len(key))
                break
            if field.name.endswith(key):
                place = (field, 0, len(field.value))
                break
        else:
            continue
        detail = f"{key!r} looks like a secret, and every service on the way can read it"
        found.warnings.append(Problem("bg_sensitive", *place, detail))


def _repeated(carrier: Carrier) -> list[Problem]:
    """Headers that stand there twice, say different things, and of which the first counts."""
    return [
        Problem(
            "duplicate_header",
            fields[1],
            0,
            len(fields[1].value),
            f"{len(fields)} {fields[0].name} headers that differ: the first counts",
        )
        for name in carrier.names
        if name not in _JOINED and is_known(name)
        for fields in [carrier.all(name)]
        if len({field.value for field in fields}) > 1
    ]


def _judge_others(
    counts: Reading | None, others: Sequence[Reading], found: Findings
) -> tuple[Conflict, ...]:
    """Where other formats are broken or say something else; adds warnings."""
    for one in others:
        if one.problem is not None:
            problem = one.problem
            code = f"{one.format.replace('-', '_')}_{problem.code}"
            found.warnings.append(replace(problem, code=code))
    if counts is None or counts.context is None:
        return ()
    conflicts = [
        conflict
        for one in others
        if one.context is not None
        for conflict in _conflicts(counts.format, counts.context, one.format, one.context)
    ]
    found.warnings += [_conflict_warning(one) for one in conflicts]
    return tuple(conflicts)


def _conflicts(
    name: str, context: SpanContext, other_name: str, other: SpanContext
) -> Iterable[Conflict]:
    formats = (name, other_name)
    is_response = BY_NAME[other_name].is_response
    if context.trace_id and other.trace_id and not same_trace(context.trace_id, other.trace_id):
        yield Conflict("trace_id", formats, (context.trace_id, other.trace_id))
        return
    if is_response:
        # The span is the server's own, and it may have decided otherwise.
        if None not in (context.random, other.random) and context.random != other.random:
            yield Conflict("random", formats, (bool(context.random), bool(other.random)))
        return
    if context.parent_id and other.parent_id and context.parent_id != other.parent_id:
        yield Conflict("parent_id", formats, (context.parent_id, other.parent_id))
    if None not in (context.sampled, other.sampled) and context.sampled != other.sampled:
        yield Conflict("sampled", formats, (bool(context.sampled), bool(other.sampled)))


def _conflict_warning(one: Conflict) -> Problem:
    said = [str(value).lower() for value in one.values]
    detail = f"{one.formats[0]} says {said[0]}, {one.formats[1]} says {said[1]}"
    return Problem(f"{one.what}_conflict", None, 0, 0, detail)


def _has_variables(carrier: Carrier) -> bool:
    return any(
        "_" in field.name and is_variable(field.name) and is_known(canonical(field.name))
        for field in carrier.fields
    )
