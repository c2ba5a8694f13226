"""Why a request did not work, and what to do about it: from its answer and what its port speaks."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from otx.otlp.exporter.client import Outcome, Reply
from otx.otlp.exporter.endpoint import Endpoint
from otx.otlp.exporter.sniff import PortLook
from otx.otlp.exporter.variables import PREFIX

Cause: TypeAlias = Literal[
    "",
    "dns",
    "proxy",
    "unreachable",
    "plain_to_tls",
    "tls_to_plain",
    "certificate",
    "client_certificate",
    "alpn",
    "grpc_to_http",
    "http_to_grpc",
    "path",
    "auth",
    "redirect",
    "busy",
    "refused",
    "no_answer",
]
"""A stable word for each kind of failure; "" for none."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a request did not work.

    Attributes:
        cause: The kind of failure.
        text: What is so, in one line.
        hint: What to do about it.
    """

    cause: Cause = ""
    text: str = ""
    hint: str = ""


def diagnose(endpoint: Endpoint, reply: Reply, port: PortLook | None, proxy: str) -> Diagnosis:
    """Why a request that was not accepted was not.

    Args:
        endpoint: Where it went.
        reply: What came back.
        port: What its port speaks; None where nobody looked.
        proxy: Why the proxy cannot be reached, "" where it can or there is none.
    """
    if proxy:
        return Diagnosis("proxy", proxy, "unset that variable, or name this host in no_proxy")
    found = _of_port(endpoint, port) if port is not None else None
    return found or _of_answer(endpoint, reply)


def _of_port(endpoint: Endpoint, port: PortLook) -> Diagnosis | None:
    if not port.resolves:
        return Diagnosis("dns", f"{port.place} has no address: {port.error}", "is the name right?")
    if not port.connects:
        return Diagnosis(
            "unreachable",
            f"{port.place}: {port.error}",
            "is a receiver running there? 4317 is usual for gRPC, 4318 for HTTP",
        )
    if endpoint.is_secure:
        return _of_secure_port(endpoint, port)
    if port.has_tls or port.plain == "tls":
        return Diagnosis(
            "plain_to_tls",
            f"{port.place} speaks TLS, the request was plain text",
            f"--endpoint https://{port.place}",
        )
    if endpoint.protocol == "grpc" and port.plain == "http/1":
        return Diagnosis(
            "grpc_to_http",
            f"{port.place} speaks HTTP/1.1, the request was gRPC",
            "--protocol http/protobuf, or the port for gRPC, usually 4317",
        )
    if endpoint.protocol != "grpc" and port.plain == "http/2":
        return Diagnosis(
            "http_to_grpc",
            f"{port.place} speaks HTTP/2 alone, as a gRPC port does",
            "--protocol grpc, or the port for HTTP, usually 4318",
        )
    return None


def _of_secure_port(endpoint: Endpoint, port: PortLook) -> Diagnosis | None:
    if port.plain in ("http/1", "http/2"):
        return Diagnosis(
            "tls_to_plain",
            f"{port.place} speaks plain text, the request was TLS",
            f"--endpoint http://{port.place}",
        )
    if not port.has_tls:
        return None
    if port.mistrust:
        return Diagnosis(
            "certificate",
            f"the certificate of {port.place} is not trusted: {port.mistrust}",
            "--ca FILE with the certificate of who issued it, or the name that it is for",
        )
    if port.wants_certificate:
        return Diagnosis(
            "client_certificate",
            f"{port.place} does not accept a client without its certificate",
            "--cert FILE --key FILE",
        )
    if endpoint.protocol == "grpc" and port.alpn != "h2":
        picked = port.alpn or "nothing"
        return Diagnosis(
            "alpn",
            f"{port.place} picks {picked} by ALPN, gRPC needs h2",
            "--protocol http/protobuf, or a proxy that passes HTTP/2 on",
        )
    return None


def _of_answer(endpoint: Endpoint, reply: Reply) -> Diagnosis:
    text = reply.message
    if "HTTP 407" in text or "Tunnel connection failed" in text:
        return Diagnosis("proxy", text, "the proxy refuses: no_proxy goes round it")
    if text.startswith(("HTTP 401", "HTTP 403", "UNAUTHENTICATED", "PERMISSION_DENIED")):
        return Diagnosis("auth", text, "--header authorization='Bearer …', or the backend's own")
    if text.startswith(("HTTP 404", "HTTP 405", "UNIMPLEMENTED")):
        return Diagnosis("path", text, _path_hint(endpoint))
    if text.startswith("HTTP 3"):
        return Diagnosis("redirect", text, "--endpoint with where it leads to")
    if reply.outcome is Outcome.RETRY:
        return Diagnosis("busy", text, "come again later")
    if reply.outcome is Outcome.UNREACHABLE:
        return Diagnosis("no_answer", text, "--timeout gives it longer; its log may say more")
    return Diagnosis("refused", text)


def _path_hint(endpoint: Endpoint) -> str:
    if endpoint.protocol == "grpc":
        return "the receiver does not take this signal over gRPC"
    if endpoint.origin.startswith(PREFIX) and endpoint.origin != f"{PREFIX}ENDPOINT":
        return f"{endpoint.origin} is used as it is: it needs the whole path"
    return "the receiver does not take this signal, or another path stands before /v1"
