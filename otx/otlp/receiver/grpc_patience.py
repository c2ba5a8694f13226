"""How long a call may take to bring its message: the gRPC library would wait for ever.

A call whose message never ends holds a worker thread, so a few such calls would stop a server.
The library tells nothing of how much has come, so unlike over HTTP slow is not told from silent.
"""

import threading
import time
from collections.abc import Callable, Iterator

import grpc

from otx.otlp.refusal import Reason, Refusal

_SWEEP_S = 0.5
_AFTERWARDS_S = 0.5
"""A connection that ends gives a call the end of its messages first and of itself afterwards."""


class CallEndedError(Exception):
    """The client ended a call before its message was whole."""


class Patience:
    """Waits for messages, each within the same time."""

    def __init__(self, limit_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        """Start to look for calls that are late.

        Args:
            limit_s: For a message, from when a worker asks for it.
            now_s: A clock that only goes forward.
        """
        self._limit_s = limit_s
        self._now_s = now_s
        self._lock = threading.Lock()
        # In the order of their deadlines, as all have the same time.
        self._waiting: dict[grpc.ServicerContext, float] = {}
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grpc-patience", daemon=True)
        self._thread.start()

    def message_of(self, requests: Iterator[bytes], context: "grpc.ServicerContext") -> bytes:
        """The one message of a call.

        Raises:
            Refusal: It took too long, and the call is ended; or there is none.
            grpc.RpcError, CallEndedError: The client ended the call.
        """
        with self._lock:
            self._waiting[context] = self._now_s() + self._limit_s
        body: bytes | None = None
        error: grpc.RpcError | None = None
        try:
            body = next(requests, None)
        except grpc.RpcError as ended:
            error = ended
        with self._lock:
            is_in_time = self._waiting.pop(context, None) is not None
        if not is_in_time:
            raise Refusal(Reason.TOO_SLOW, "the request came too slowly")
        if error is not None:
            raise error
        if body is None:
            if _ends(context):
                raise CallEndedError
            raise Refusal(Reason.UNDECODABLE, "the call has no message")
        return body

    def close(self) -> None:
        """Look no more."""
        self._is_closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closed.wait(min(_SWEEP_S, self._limit_s)):
            with self._lock:
                now = self._now_s()
                for context in [one for one, by_s in self._waiting.items() if by_s <= now]:
                    del self._waiting[context]
                    context.cancel()


def _ends(context: "grpc.ServicerContext") -> bool:
    """Whether the client has ended a call, or just does."""
    has_ended = threading.Event()
    return not context.add_callback(has_ended.set) or has_ended.wait(_AFTERWARDS_S)
