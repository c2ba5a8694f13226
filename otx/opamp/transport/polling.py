"""OpAMP over plain HTTP: a request at a time, each answered by one message.

The standard library's client runs in a thread of its own: httpx would cost an agent of 40 MB a
quarter of them.
"""

import asyncio
import base64
import gzip
import http.client
import ssl
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from otx.opamp.framing import Limits, Malformed, TooLarge, decode
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import AgentToServer, ServerToAgent
from otx.opamp.transport.channel import ChannelError, Why, status_error, why_not
from otx.opamp.transport.endpoint import PORTS, Endpoint

TIMEOUT_S = 30.0
LONGEST_ANSWER_S = 120.0
"""A body that trickles in is given up then."""
CLOSE_TIMEOUT_S = 3.0
IDLE_S = 5.0
"""A connection that was idle longer is not used again: the server may be closing it just now."""
ZIP_ABOVE = 1024
"""Bytes from which on a request's body is compressed."""
REDIRECTS = 5
CONTENT_TYPE = "application/x-protobuf"
_FOLLOWED = {301, 302, 307, 308}
_CHUNK = 1 << 16


class _Answer(NamedTuple):
    status: int
    headers: "http.client.HTTPMessage"
    body: bytes


class PollingChannel:
    """A server that is asked again and again; nothing is open while there is nothing to say."""

    half_duplex = True

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._tls = endpoint.tls.context() if endpoint.is_secure else None
        self._thread = ThreadPoolExecutor(1, "opamp-http")
        self._answers: asyncio.Queue[asyncio.Future[ServerToAgent]] = asyncio.Queue()
        self._connection: http.client.HTTPConnection | None = None
        self._used_s = 0.0

    async def send(self, message: AgentToServer) -> None:
        """Begin a request; `receive` gives its answer."""
        body = message.SerializeToString()
        loop = asyncio.get_running_loop()
        uid = uid_text(message.instance_uid)
        self._answers.put_nowait(loop.run_in_executor(self._thread, self._ask, body, uid))

    async def receive(self) -> ServerToAgent:
        """The answer to the request that was sent (see `Channel`)."""
        return await (await self._answers.get())

    async def close(self) -> None:
        """Wait for what is under way, if there is something, then leave."""
        while not self._answers.empty():
            await asyncio.wait([self._answers.get_nowait()], timeout=CLOSE_TIMEOUT_S)
        self._hang_up()  # ends what is still under way
        self._thread.shutdown(wait=False)

    def _ask(self, body: bytes, uid: str) -> ServerToAgent:
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Accept-Encoding", "gzip"),
            ("OpAMP-Instance-UID", uid),
        ]
        if len(body) > ZIP_ABOVE:
            body = gzip.compress(body, compresslevel=5)
            headers.append(("Content-Encoding", "gzip"))
        try:
            answer = self._post(body, headers)
        except ssl.SSLCertVerificationError as error:
            self._hang_up()
            reason = f"the certificate is not trusted: {error.verify_message}"
            raise ChannelError(Why.UNTRUSTED, reason) from None
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            raise ChannelError(Why.BROKEN, why_not(error)) from None
        if answer.status != HTTPStatus.OK:
            raise status_error(answer.status, answer.headers.get("Retry-After"))
        return decode(ServerToAgent, answer.body, self._limits)

    def _post(self, body: bytes, headers: list[tuple[str, str]]) -> _Answer:
        """Send a request where redirects lead; tokens go to no other server."""
        endpoint = self._endpoint
        for _ in range(REDIRECTS):
            answer = self._once_or_again(endpoint, body, headers)
            place = answer.headers.get("Location")
            if answer.status not in _FOLLOWED or place is None:
                return answer
            self._hang_up()
            endpoint = _followed(endpoint, urljoin(endpoint.url, place))
        raise ChannelError(Why.REFUSED, f"more than {REDIRECTS} redirects")

    def _once_or_again(
        self, endpoint: Endpoint, body: bytes, headers: list[tuple[str, str]]
    ) -> _Answer:
        """A request; on a connection from before that turns out closed, once more on a new one."""
        if self._connection is not None and time.monotonic() - self._used_s > IDLE_S:
            self._hang_up()
        is_reused = self._connection is not None
        try:
            return self._request(endpoint, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
            if not is_reused:
                raise
            self._hang_up()
            return self._request(endpoint, body, headers)

    def _request(self, endpoint: Endpoint, body: bytes, headers: list[tuple[str, str]]) -> _Answer:
        target = urlsplit(endpoint.url)
        proxy = _proxy_of(endpoint, target)
        connection = self._connection or self._connect(target, proxy)
        self._connection = connection
        # Through a proxy a plain request names the whole URL; a secure one goes through a tunnel.
        whole = proxy is not None and target.scheme == "http"
        path = target._replace(fragment="").geturl() if whole else _path_of(target)
        connection.putrequest("POST", path, skip_accept_encoding=True)
        for name, value in (*headers, *endpoint.headers):
            connection.putheader(name, value)
        if whole and proxy is not None:
            for name, value in _proxy_headers(proxy).items():
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = _Answer(response.status, response.headers, self._read(response))
        if response.will_close:
            self._hang_up()
        self._used_s = time.monotonic()
        return answer

    def _connect(
        self, target: SplitResult, proxy: SplitResult | None
    ) -> http.client.HTTPConnection:
        host, port = target.hostname or "", target.port or PORTS[target.scheme]
        first = (proxy.hostname or "", proxy.port or 80) if proxy is not None else (host, port)
        if target.scheme == "http":
            return http.client.HTTPConnection(*first, timeout=TIMEOUT_S)
        secure = http.client.HTTPSConnection(*first, timeout=TIMEOUT_S, context=self._tls)
        if proxy is not None:
            secure.set_tunnel(host, port, _proxy_headers(proxy))
        return secure

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The body, decompressed, as long as it keeps within the limit."""
        limit = self._limits.message_bytes
        inflate = zlib.decompressobj(wbits=31)
        is_zipped = (response.getheader("Content-Encoding") or "").lower() in ("gzip", "x-gzip")
        body = bytearray()
        arrived = 0
        ends_s = time.monotonic() + LONGEST_ANSWER_S
        while chunk := response.read(_CHUNK):
            try:
                body += inflate.decompress(chunk, limit + 1 - len(body)) if is_zipped else chunk
            except zlib.error:
                self._hang_up()
                raise Malformed("the answer's gzip is broken") from None
            arrived += len(chunk)
            if len(body) > limit:
                self._hang_up()
                raise TooLarge(f"the answer is larger than the limit of {limit} bytes")
            if time.monotonic() > ends_s:
                raise TimeoutError
        if is_zipped and arrived and not inflate.eof:
            raise Malformed("the answer's gzip is cut short")
        return bytes(body)

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _path_of(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def _followed(endpoint: Endpoint, url: str) -> Endpoint:
    """Where a redirect leads; TLS is not given up, and headers stay with their server."""
    old, new = urlsplit(endpoint.url), urlsplit(url)
    if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
        raise ChannelError(
            Why.REFUSED, f"the server redirects to {new.scheme}, which is not followed"
        )
    is_same = (old.scheme, old.hostname, old.port) == (new.scheme, new.hostname, new.port)
    return Endpoint(url, endpoint.headers if is_same else (), endpoint.tls, endpoint.proxy)


def _proxy_of(endpoint: Endpoint, target: SplitResult) -> SplitResult | None:
    url = endpoint.proxy
    if not url and not proxy_bypass(target.hostname or ""):
        url = getproxies().get(target.scheme, "")
    if not url:
        return None
    return urlsplit(url if "//" in url else f"http://{url}")


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """What says who asks a proxy, where its URL names a user."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
