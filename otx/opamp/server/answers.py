"""Answers that say no: they exclude every field but the uid (specification, error_response)."""

from otx.opamp.opamp_pb2 import (
    RetryInfo,
    ServerErrorResponse,
    ServerErrorResponseType,
    ServerToAgent,
)


def bad_request(uid: bytes, why: str) -> ServerToAgent:
    """The report is malformed; the agent must not send it again."""
    return ServerToAgent(
        instance_uid=uid,
        error_response=ServerErrorResponse(
            type=ServerErrorResponseType.ServerErrorResponseType_BadRequest, error_message=why
        ),
    )


def unavailable(uid: bytes, why: str, retry_after_ns: int) -> ServerToAgent:
    """The server is overloaded; the agent is to disconnect, and to come back after that time."""
    return ServerToAgent(
        instance_uid=uid,
        error_response=ServerErrorResponse(
            type=ServerErrorResponseType.ServerErrorResponseType_Unavailable,
            error_message=why,
            retry_info=RetryInfo(retry_after_nanoseconds=retry_after_ns),
        ),
    )
