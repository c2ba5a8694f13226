"""Publishes what threads of a Python program work for, to profilers outside of it.

Programs with opentelemetry-sdk take `otx.context.sdk`; what is here needs nothing but CPython.
"""

from otx.context.current import attach, detach, span, unavailable
from otx.context.process import publish_process

__all__ = ["attach", "detach", "publish_process", "span", "unavailable"]
