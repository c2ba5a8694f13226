"""What can be said of a span that failed, or that took a failure well."""

from otx.tracing.finding import FindingRule

_SOURCE = "otx: error propagation over span kinds and corrected times"


def _rule(name: str, sentence: str, why: str) -> FindingRule:
    return FindingRule(f"error-{name}", "error", sentence, why, _SOURCE)


ORIGIN = _rule(
    "origin", "{operation} failed ({what}), and nothing below it did.", "no child failed before it"
)
ORIGIN_ABOVE = _rule(
    "origin-above",
    "{operation} failed ({what}); what failed below it {ways}.",
    "what failed below it was tried again with success, was absorbed, or failed or ended later",
)
UNCLEAR = _rule(
    "unclear",
    "{operation} failed ({what}); what failed below it {ways}, as far as is recorded.",
    "spans failed below a span that did not, and the span above it names no error of its own",
)
PEER = _rule(
    "peer",
    "{operation} failed ({what}) in its call of {peer}, which left no span.",
    "a call failed, and its other side is not known to record spans",
)
ANSWER = _rule(
    "answer",
    "{operation} failed ({what}) on an answer that {server} does not count as a failure.",
    "the client has the status code of an answer, its server did not fail",
)
BETWEEN = _rule(
    "between",
    "{operation} failed ({what}) on an answer that {server} did not give.",
    "the client has the status code of an answer, its server another or ended later: a proxy's",
)
LOST = _rule(
    "lost",
    "{operation} failed ({what}) though {server} had ended by then: on its side, or on the way.",
    "the client failed without the status code of an answer, its server had ended before that",
)
PASSED = _rule(
    "passed",
    "{operation} failed ({what}) after {below} had.",
    "a child failed before it, or gave it the answer",
)
STOPPED = _rule(
    "stopped",
    "{operation} was stopped ({what}) because {above} gave up.",
    "cancelled when a span above it timed out or was cancelled, nothing else having failed between",
)
GAVE_UP = _rule(
    "gave-up",
    "{operation} gave up ({what}) after {client_ns} without an answer of {server}.",
    "a client timed out, or failed without an answer and its server ended later",
)
OWN = _rule(
    "own",
    "{operation} failed ({what}) after {below} had; whether because of it is not recorded.",
    "a child failed before it ended, but the exception is another, and does not name the child's",
)
LATE = _rule(
    "late",
    "{operation} ended as failed ({what}) when {above} had already ended.",
    "the child's end, or its exception where that is recorded, is later than its parent's end",
)
AFTER = _rule(
    "after",
    "{operation} ended as failed ({what}) when {above} had already failed.",
    "the child's end, or its exception, is later than the exception that its parent failed with",
)
RETRIED = _rule(
    "retried",
    "{operation} went well although {below} failed: a later try succeeded.",
    "a failed child, and a later sibling that asked exactly the same, or says that it was sent "
    "again, and did not fail",
)
ABSORBED = _rule(
    "absorbed",
    "{operation} went well although {below} failed.",
    "a failed child of a span that did not fail",
)
UNSEEN = _rule(
    "unseen",
    "{operation} failed ({what}); the cause may lie in {peer}, whose span is missing.",
    "a call of a service that records spans failed, and the called side left none",
)
ALONE = _rule(
    "alone",
    "{operation} failed ({what}); what it called left no span, and the cause may lie there.",
    "a call failed that does not say whom it called, and the called side left no span",
)
INCOMPLETE = _rule(
    "incomplete",
    "{operation} failed ({what}); the cause may lie in a missing span, {missing}.",
    "spans whose parent is missing began while it ran, and that parent may lie below it",
)
MAYBE_INCOMPLETE = _rule(
    "maybe-incomplete",
    "{operation} failed ({what}); the cause may lie in a missing span, {missing}.",
    "spans whose parent is missing may have begun while it ran: their clocks do not compare",
)
BARE = _rule(
    "bare",
    "{operation} failed, nothing below it did, and it does not say why.",
    "nothing below it failed; there is neither exception, error.type, code nor message",
)
UNORDERED = _rule(
    "unordered",
    "{operation} failed ({what}); whether {server} had answered by then is not known.",
    "the client has no status code of an answer; its server's clock does not compare, or the "
    "server ended later and the client does not say why it failed",
)
ERROR_RULES = (
    ORIGIN,
    ORIGIN_ABOVE,
    UNCLEAR,
    PEER,
    ANSWER,
    BETWEEN,
    LOST,
    PASSED,
    STOPPED,
    GAVE_UP,
    OWN,
    LATE,
    AFTER,
    RETRIED,
    ABSORBED,
    UNSEEN,
    ALONE,
    INCOMPLETE,
    MAYBE_INCOMPLETE,
    BARE,
    UNORDERED,
)
