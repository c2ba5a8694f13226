"""Where one signal of the agent's own telemetry goes, and whether it arrives there."""

import asyncio
import http.client
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from otx import __version__
from otx.errors import OtxError, UsageError
from otx.opamp.opamp_pb2 import TelemetryConnectionSettings
from otx.opamp.transport.channel import why_not
from otx.opamp.transport.endpoint import PORTS, Tls

TIMEOUT_S = 10.0
_RETRYABLE = frozenset({429, 502, 503, 504})
"""OTLP/HTTP, "Retryable Response Codes"."""


class Fate(Enum):
    """What became of a request."""

    ARRIVED = "arrived"
    LATER = "later"
    """Nobody took it, and the same request may be sent again."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go."""

    url: str
    headers: tuple[tuple[str, str], ...]
    tls: Tls


def target_of(settings: TelemetryConnectionSettings, *, allows_insecure: bool) -> Target | None:
    """The target of an offer; None where it names none, which switches the signal off.

    Raises:
        UsageError: It cannot be used, or it would not verify the server and may not.
    """
    url = settings.destination_endpoint
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url!r} is no http or https URL")
    if settings.tls.insecure_skip_verify and not allows_insecure:
        raise UsageError("it would not verify the server; agent.allow.insecure does not allow that")
    tls = Tls(
        ca_pem=settings.tls.ca_pem_contents
        or settings.certificate.ca_cert.decode("ascii", "replace"),
        with_system=settings.tls.include_system_ca_certs_pool,
        certificate_pem=settings.certificate.cert,
        key_pem=settings.certificate.private_key,
        is_insecure=settings.tls.insecure_skip_verify,
        min_version=settings.tls.min_version,
    )
    if parts.scheme == "https":
        tls.context()
    headers = tuple((one.key, one.value) for one in settings.headers.headers)
    return Target(url, headers, tls)


class Destination:
    """Takes requests of one signal, from the moment on at which a server says where to.

    Attributes:
        problem: Why the last request failed; "" when it did not.
    """

    def __init__(self, signal: str, remark: Callable[[str], None]) -> None:
        """Of a signal as people call it: metrics, traces, logs."""
        self.problem = ""
        self._signal = signal
        self._remark = remark
        self._target: Target | None = None
        self._aimed = asyncio.Event()

    def aim(self, settings: TelemetryConnectionSettings, *, allows_insecure: bool) -> None:
        """Send there from now on; what cannot be used is told, and the last target stays."""
        try:
            self._target = target_of(settings, allows_insecure=allows_insecure)
        except OtxError as error:
            self._remark(f"an offer for own {self._signal} is not used: {error.message}")
            return
        if self._target is not None:
            self._aimed.set()
        else:
            self._aimed.clear()
            self.problem = ""

    async def wait_aimed(self) -> None:
        """Until there is somewhere to send to."""
        await self._aimed.wait()

    async def deliver(self, body: bytes) -> Fate:
        """Send one request; a first failure is remarked, and the first success after it."""
        target = self._target
        if target is None:
            return Fate.LATER
        fate, problem = await asyncio.to_thread(_post, target, body)
        if bool(problem) != bool(self.problem):
            host = urlsplit(target.url).netloc.rpartition("@")[2]
            self._remark(f"own {self._signal} to {host}: {problem or 'they arrive again'}")
        self.problem = problem
        return fate


def _post(target: Target, body: bytes) -> tuple[Fate, str]:
    """Send one request; why it failed, or ""."""
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=target.tls.context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"otx-agent/{__version__}"}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {**headers, **dict(target.headers)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Fate.LATER, why_not(error)
    finally:
        connection.close()
    if 200 <= status < 300:
        return Fate.ARRIVED, ""
    fate = Fate.LATER if status in _RETRYABLE else Fate.REFUSED
    return fate, f"the receiver answers {status}"
