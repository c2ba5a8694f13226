"""Verdicts on lists: which members of tracestate and baggage were sent on, and in which order."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from otx.propagation.carrier import WHITESPACE, Carrier, canonical
from otx.propagation.conformance.case import Pairs, Requirement
from otx.propagation.conformance.exchange import Exchange, Finding
from otx.propagation.conformance.participant import received_context
from otx.propagation.formats import tracestate
from otx.propagation.formats.baggage import decode_fields
from otx.propagation.model import BaggageEntry, Findings, Level, Malformed

Member: TypeAlias = tuple[str, str]
_SHOWN_CHARACTERS = 40


def state_findings(exchange: Exchange, call: Pairs, level: Level) -> Iterator[Finding]:
    """What is wrong with the tracestate that came back."""
    case = exchange.case
    binding: Requirement = case.requirement if case.topic == "state" else "MUST"
    found = Findings(level)
    received = _decoded(call, found)
    values = _values(call)
    if values and not any(value.strip(WHITESPACE) for value in values):
        yield Finding("SHOULD", "sends an empty tracestate on")
    context = received_context(exchange.sent, level)
    expected = list(context.tracestate) if context is not None else []
    if expected:
        if found.tracestate is not None:
            yield Finding(binding, f"sends a broken tracestate on ({found.tracestate.code})")
        else:
            yield from _kept(expected, received, binding)
        return
    yield from _dropped(exchange.sent, values, binding, is_tracestate_alone=context is not None)
    if found.tracestate is not None and not _values(exchange.sent):
        yield Finding("MUST", f"sends a broken tracestate ({found.tracestate.code})")


def baggage_findings(sent: Pairs, call: Pairs) -> Iterator[Finding]:
    """What is wrong with the baggage that came back; advice, as no service must have any."""
    expected = _baggage(sent)
    received = _baggage(call)
    if received is None:
        yield Finding("SHOULD", "sends a broken baggage on")
    elif not received and expected:
        yield Finding("SHOULD", "sends no baggage on")
    else:
        for entry in expected or ():
            if entry not in received:
                yield Finding("SHOULD", f"baggage {_short(entry.key)} is {_fate(entry, received)}")


def _kept(
    expected: Sequence[Member], received: Sequence[Member], binding: Requirement
) -> Iterator[Finding]:
    """Members must be there, unchanged and in order; those of the service go before them."""
    keys = {key for key, _ in expected}
    kept = [member for member in received if member[0] in keys]
    own = [member for member in received if member[0] not in keys]
    if len(keys) < len(expected):
        yield from _one_of_each(expected, kept, binding)
        return
    # An own member before 32 others pushes the last one out.
    due = list(expected[: tracestate.MAX_MEMBERS - len(own)])
    if kept != due:
        yield Finding(binding, f"tracestate: {_difference(due, kept)}")
    if own and list(received[: len(own)]) != own:
        yield Finding("SHOULD", f"puts its own member {_short(own[0][0])} behind those of others")


def _one_of_each(
    expected: Sequence[Member], kept: Sequence[Member], binding: Requirement
) -> Iterator[Finding]:
    """Of a key that was sent twice both members may go on, or one."""
    if not kept:
        yield Finding(binding, "drops all of tracestate for a key that is there twice")
    elif any(member not in expected for member in kept):
        yield Finding(binding, "changes a member that is there twice")


def _difference(due: Sequence[Member], kept: Sequence[Member]) -> str:
    if not kept:
        return "all members are lost"
    values = dict(kept)
    for key, value in due:
        if key not in values:
            return f"{_short(key)} is lost"
        if values[key] != value:
            return f"the value of {_short(key)} is changed"
    return "the order of members is changed"


def _dropped(
    sent: Pairs, values: Sequence[str], binding: Requirement, *, is_tracestate_alone: bool
) -> Iterator[Finding]:
    """No member of what should have been dropped may come back.

    Of a tracestate that alone is broken the specification allows to drop the bad member only.
    """
    came = {piece for value in values for piece in _pieces(value)}
    went = [piece for name, value in sent if _is_state(name) for piece in _pieces(value)]
    back = [piece for piece in went if piece in came]
    if not back:
        return
    shown = _short(back[0])
    if is_tracestate_alone and len(back) < len(went):
        text = f"sends the other members on ({shown}): W3C's test suite has all of them dropped"
    else:
        text = f"sends on what should be dropped: {shown}"
    yield Finding(binding, text)


def _is_state(name: str) -> bool:
    """Whether a header is tracestate, or one whose name is nearly the same."""
    return canonical(name).replace("-", "").replace(".", "") == "tracestate"


def _pieces(value: str) -> list[str]:
    return [piece for raw in value.split(",") if (piece := raw.strip(WHITESPACE))]


def _values(pairs: Pairs) -> list[str]:
    return [value for name, value in pairs if canonical(name) == "tracestate"]


def _decoded(pairs: Pairs, found: Findings) -> list[Member]:
    # What a service sends on of level 2's keys is for `_kept` and `_dropped` to judge.
    fields = Carrier(pairs).all("tracestate")
    found.level = 2
    return [(one.key, one.value) for one in tracestate.decode_fields(fields, found)]


def _baggage(pairs: Pairs) -> tuple[BaggageEntry, ...] | None:
    try:
        return (
            decode_fields(fields, Findings()) if (fields := Carrier(pairs).all("baggage")) else ()
        )
    except Malformed:
        return None


def _fate(entry: BaggageEntry, received: Sequence[BaggageEntry]) -> str:
    other = next((one for one in received if one.key == entry.key), None)
    if other is None:
        return "lost"
    return "changed" if other.value != entry.value else "sent on without its properties"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
