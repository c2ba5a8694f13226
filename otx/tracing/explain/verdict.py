"""A trace in one sentence."""

from otx.model.cells import printable
from otx.model.units import format_duration
from otx.tracing.calls import operation_of
from otx.tracing.explain.compose import Explanation

_WORTH_SHARE = 0.1


def verdict(explanation: Explanation) -> str:
    """How long it took, whether and where it failed, and where most of the time went."""
    parts = [format_duration(explanation.path.duration_ns), _outcome(explanation)]
    if explanation.shares and explanation.shares[0].part >= _WORTH_SHARE:
        share = explanation.shares[0]
        name = f"{share.service} {share.name}".strip()
        where = {"waiting": f"outside, called by {name}", "network": f"the network before {name}"}
        parts.append(f"{100 * share.part:.0f} % of the time in {where.get(share.kind, name)}")
    return printable(", ".join(filter(None, parts)))


def _outcome(explanation: Explanation) -> str:
    story, trace = explanation.story, explanation.trace
    if explanation.has_failed:
        mine = [cause for cause in story.causes if cause.top == explanation.path.root]
        if not mine:
            return "FAILED"
        cause = mine[0]
        name = operation_of(trace.spans[cause.hop.span])
        what = story.failed[cause.hop.span].what
        unsure = "" if cause.is_known else ", as far as is recorded"
        return f"FAILED at {name} ({what}){unsure}"
    failed = len(story.failed)
    if failed:
        return f"went well though {failed} {'span' if failed == 1 else 'spans'} failed"
    return "went well"
