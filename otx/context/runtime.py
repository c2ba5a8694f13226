"""OpenTelemetry's current context, published: what its API attaches, profilers can see.

A SpanProcessor alone would be wrong: it hears when a span starts and ends, not when it becomes
current. A span that is started and not attached, or attached in another thread or task than the
one it was started in, would be shown at the wrong place. Every span that becomes current does so
by the runtime context's `attach`, and ceases to be by its `detach`, so these are what is followed.

`OTEL_PYTHON_CONTEXT=otx` makes OpenTelemetry use this class without a line of code.
"""

from contextvars import Token

from opentelemetry.context.context import Context, _RuntimeContext
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

from otx.context.current import native
from otx.context.layout import encode_record
from otx.context.native import Native, Record

_KEPT = "otx.context.record"


class PublishingRuntimeContext(_RuntimeContext):
    """A runtime context that publishes the span of what is attached, and is another one's else.

    Args:
        inner: Where contexts are kept; OpenTelemetry's own, by contextvars, where that is left out.
    """

    def __init__(self, inner: _RuntimeContext | None = None) -> None:
        self.inner = inner or ContextVarsRuntimeContext()
        self._native: Native | None = native()

    def attach(self, context: Context) -> Token[Context]:
        """Make a context the current one; the token is what `detach` takes."""
        token = self.inner.attach(context)
        if self._native is not None:
            self._native.set(record_of(context))
        return token

    def get_current(self) -> Context:
        """The current context."""
        return self.inner.get_current()

    def detach(self, token: Token[Context]) -> None:
        """Restore the context that was current before."""
        self.inner.detach(token)
        if self._native is not None:
            self._native.set(record_of(self.inner.get_current()))


def record_of(context: Context) -> Record:
    """The record of a context's span, sampled or not; None where it has none.

    Contexts do not change, and each is come back to when what was attached in it is detached, so
    it keeps its record once that is made.
    """
    kept: dict[str, Record] = context.__dict__
    if _KEPT not in kept:
        kept[_KEPT] = _encoded(context)
    return kept[_KEPT]


def _encoded(context: Context) -> Record:
    # OpenTelemetry loads this module while it loads its contexts, and its spans need these.
    from opentelemetry.trace import get_current_span

    span = get_current_span(context).get_span_context()
    if not span.is_valid:
        return None
    return encode_record(span.trace_id, span.span_id, span.trace_flags)


def install() -> None:
    """Publish what OpenTelemetry's API attaches from now on; again is nothing."""
    import opentelemetry.context as api  # not above: see `_encoded`

    current = api._RUNTIME_CONTEXT
    if not isinstance(current, PublishingRuntimeContext):
        api._RUNTIME_CONTEXT = PublishingRuntimeContext(current)
