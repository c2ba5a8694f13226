"""For programs instrumented with opentelemetry-sdk: one line, and profilers see its spans.

That is `provider.add_span_processor(ContextSpanProcessor())`.
"""

import logging
import sys
import threading

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor

from otx.context import runtime
from otx.context.current import unavailable
from otx.context.process import Value, publish_process

_logger = logging.getLogger(__name__)
_UNSEEN = frozenset(("uvloop", "gevent"))
"""Modules that enter contexts in C, without `Context.run`."""


class ContextSpanProcessor(SpanProcessor):
    """Publishes the current span of each thread, and the provider's resource.

    Spans are followed where they become current (`otx.context.runtime`), from when this is made.
    The resource is published with the first span, since a processor is not told it before.
    """

    def __init__(self) -> None:
        self._resource: Resource | None = None
        self._lock = threading.Lock()
        runtime.install()
        if reason := unavailable():
            _logger.warning("spans are not published to profilers: %s", reason)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Publish the resource of a span, if that is not what is published."""
        if span.resource is self._resource:
            return
        with self._lock:
            if self._resource is None and (unseen := _UNSEEN & sys.modules.keys()):
                _logger.warning(
                    "%s switches tasks unseen: profilers may take their work for another span's",
                    " and ".join(sorted(unseen)),
                )
            self._resource = span.resource
            publish_process(plain(span.resource))


def plain(resource: Resource) -> dict[str, Value]:
    """The attributes of a resource that have one value."""
    return {key: it for key, it in resource.attributes.items() if isinstance(it, Value)}
