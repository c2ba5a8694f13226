"""A trace in one sentence, each part of it with its evidence."""

from typing import NamedTuple

from otx.model.cells import shorten
from otx.model.units import counted, format_duration
from otx.tracing.assembly import Trace
from otx.tracing.calls import operation_of, peer_of
from otx.tracing.explain.compose import Explanation
from otx.tracing.finding import LONGEST_WORDS
from otx.tracing.path_time import Share

_WORTH_SHARE = 0.1
_MOST_SPANS = 100
"""Of those that fail or take the time; the statements have all."""


class VerdictPart(NamedTuple):
    """A part of the sentence.

    Attributes:
        rule: By which it is said: `root-duration`, `path-share`, `failed-spans`, `no-failure`, or
            that of the statement which names the cause.
        spans: The numbers of the spans that show it.
    """

    rule: str
    text: str
    spans: tuple[int, ...]


def verdict(explanation: Explanation) -> str:
    """How long it took, whether and where it failed, and where most of the time went."""
    return ", ".join(part.text for part in verdict_parts(explanation))


def verdict_parts(explanation: Explanation) -> list[VerdictPart]:
    """The parts of the verdict, in order."""
    root = (explanation.path.root,) if explanation.path.root >= 0 else ()
    parts = [
        VerdictPart("root-duration", format_duration(explanation.path.duration_ns), root),
        _outcome(explanation, root),
    ]
    if explanation.shares and explanation.shares[0].part >= _WORTH_SHARE:
        share = explanation.shares[0]
        text = f"{100 * share.part:.0f} % of the time {_where(share, explanation.trace)}"
        parts.append(
            VerdictPart("path-share", shorten(text, LONGEST_WORDS), share.spans[:_MOST_SPANS])
        )
    return parts


def _where(share: Share, trace: Trace) -> str:
    name = f"{share.service} {share.name}".strip()
    if share.kind == "waiting":
        peers = {peer_of(trace.spans[number]) for number in share.spans}
        peer = peers.pop() if len(peers) == 1 else ""
        return f"waiting for {peer} ({name})" if peer else f"waiting for the answer to {name}"
    return f"in the network before {name}" if share.kind == "network" else f"in {name}"


def _outcome(explanation: Explanation, root: tuple[int, ...]) -> VerdictPart:
    story, trace = explanation.story, explanation.trace
    if explanation.has_failed:
        mine = [cause for cause in story.causes if cause.top == explanation.path.root]
        if not mine:
            return VerdictPart("failed-spans", "FAILED", root)
        cause = mine[0]
        name = shorten(operation_of(trace.spans[cause.hop.span]), LONGEST_WORDS)
        what = shorten(story.failed[cause.hop.span].what, LONGEST_WORDS)
        unsure = "" if cause.is_known else ", as far as is recorded"
        text = f"FAILED at {name} ({what}){unsure}"
        return VerdictPart(cause.hop.because.rule.id, text, cause.hop.because.spans)
    failed = sorted(story.failed)
    if failed:
        text = f"went well though {counted(len(failed), 'span')} failed"
        return VerdictPart("failed-spans", text, tuple(failed[:_MOST_SPANS]))
    return VerdictPart("no-failure", "went well", root)
