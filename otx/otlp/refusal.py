"""Why a request is not accepted, and how each protocol says so.

One table for both protocols, so that gRPC and HTTP can't drift apart (OTLP specification,
"Failures"). The body of every HTTP 4xx and 5xx is a `google.rpc.Status`, in the encoding of the
request.
"""

from dataclasses import dataclass
from enum import Enum


# Without equality: an Enum would take two reasons that are answered alike for one.
@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """How a reason is said in HTTP and in gRPC (google.rpc.Code)."""

    http_status: int
    http_reason: str
    grpc_code: int
    is_retryable: bool = False


class Reason(Enum):
    """Why a request is refused."""

    UNDECODABLE = Answer(400, "Bad Request", 3)
    """The body is not what its content type says: INVALID_ARGUMENT."""
    STATEMENT_FAILED = Answer(400, "Bad Request", 3)
    """OTTL failed on it under `propagate`, and would again: INVALID_ARGUMENT."""
    UNAUTHENTICATED = Answer(401, "Unauthorized", 16)
    ORIGIN_NOT_ALLOWED = Answer(403, "Forbidden", 7)
    """A browser asks for a page that may not send: PERMISSION_DENIED."""
    NO_SUCH_PATH = Answer(404, "Not Found", 12)
    WRONG_METHOD = Answer(405, "Method Not Allowed", 12)
    TOO_SLOW = Answer(408, "Request Timeout", 4)
    TOO_LARGE = Answer(413, "Content Too Large", 8)
    """Above the limit, before or after decompression: RESOURCE_EXHAUSTED without RetryInfo."""
    UNSUPPORTED_TYPE = Answer(415, "Unsupported Media Type", 3)
    UNSUPPORTED_ENCODING = Answer(415, "Unsupported Media Type", 12)
    RATE_LIMITED = Answer(429, "Too Many Requests", 8, is_retryable=True)
    """The client sends too often: RESOURCE_EXHAUSTED, to be retried as it has RetryInfo."""
    HEADERS_TOO_LARGE = Answer(431, "Request Header Fields Too Large", 8)
    LOOP = Answer(508, "Loop Detected", 9)
    """What is forwarded comes back: RFC 5842, 7.2, and FAILED_PRECONDITION."""
    FAULT = Answer(500, "Internal Server Error", 13)
    """otx itself is at fault."""
    TOO_MUCH_AT_ONCE = Answer(503, "Service Unavailable", 8, is_retryable=True)
    """Requests together are too large: RESOURCE_EXHAUSTED, to be retried as it has RetryInfo."""
    BUSY = Answer(503, "Service Unavailable", 14, is_retryable=True)
    """A queue is full, the disk fails or the receiver is ending: the client should come again."""


class Refusal(Exception):
    """A request that is not accepted.

    Attributes:
        reason: Why.
        message: What is wrong, for the developer of the sender.
        retry_after_s: When to come again, where the reason is one for that. By default a second: a
            full queue is one fsync long, or the disk is gone.
    """

    def __init__(self, reason: Reason, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s


def as_refusal(error: BaseException | None) -> Refusal:
    """Any error as a refusal; one that nobody foresaw is a fault of ours.

    Its traceback goes, and those of what it came of: their frames hold the request's body and what
    holds the error, a circle that stays until the collector comes. At full load that is bodies by
    the hundred.
    """
    link = error
    while link is not None:
        link.__traceback__ = None
        link = link.__context__
    if isinstance(error, Refusal):
        return error
    return Refusal(Reason.FAULT, f"a fault of otx: {type(error).__name__}: {error}")
