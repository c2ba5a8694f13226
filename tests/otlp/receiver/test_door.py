"""Who is let in, over HTTP and gRPC, in plain text and over TLS."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from otx.model.signal import Signal
from otx.otlp.address import Address
from otx.otlp.receiver.cors import Origins
from otx.otlp.receiver.door import Door
from otx.otlp.receiver.grpc_server import GrpcServer
from otx.otlp.receiver.http_connection import HttpLimits
from otx.otlp.receiver.http_server import HttpServer
from otx.otlp.receiver.rate import RateLimit
from otx.otlp.receiver.tls import ServerTls, TlsFiles
from otx.otlp.receiver.tokens import Tokens
from otx.otlp.refusal import Reason
from otx.otlp.wire import PROTOBUF, WIRE
from tests.otlp.conftest import MemoryIntake
from tests.services.odd_servers import Certificate, make_certificate

LIMIT = 1 << 20
LIMITS = HttpLimits(request_bytes=LIMIT, held_bytes=2 * LIMIT, head_bytes=4096, linger_s=2)
TRACES = WIRE[Signal.TRACES].grpc_method
SHOP = "https://shop.example"
TIMEOUT_S = 20

ServeHttp = Callable[[Door], str]
ServeGrpc = Callable[[Door], str]


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    (tmp_path / "tokens").write_text("right-token\n")
    return Tokens(tmp_path / "tokens")


@pytest.fixture
def serve_http(intake: MemoryIntake) -> Iterator[ServeHttp]:
    servers: list[HttpServer] = []

    def serve(door: Door) -> str:
        servers.append(HttpServer(intake, LIMITS, door))
        address = servers[-1].start(Address("127.0.0.1", 0))
        return f"{'https' if door.tls else 'http'}://{address}/v1/traces"

    yield serve
    for server in servers:
        server.stop(grace_s=1)


@pytest.fixture
def serve_grpc(intake: MemoryIntake) -> Iterator[ServeGrpc]:
    servers: list[GrpcServer] = []

    def serve(door: Door) -> str:
        servers.append(GrpcServer(intake, LIMIT, door))
        return str(servers[-1].start(Address("127.0.0.1", 0)))

    yield serve
    for server in servers:
        server.stop(grace_s=1)


def tls_of(certificate: Certificate, *, asks: bool = False) -> ServerTls:
    path = Path(certificate.certificate)
    return ServerTls(TlsFiles(path, Path(certificate.key), path if asks else None))


def trusting(certificate: Certificate, *, shows: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificate.certificate)
    if shows:
        context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def post(url: str, context: ssl.SSLContext | bool = True, **headers: str) -> httpx.Response:
    return httpx.post(
        url,
        headers={"Content-Type": PROTOBUF, **headers},
        verify=context,
        timeout=TIMEOUT_S,
        trust_env=False,
    )


def export(channel: grpc.Channel, *metadata: tuple[str, str]) -> grpc.StatusCode:
    send = cast("Callable[..., bytes]", channel.unary_unary(TRACES))
    try:
        send(b"", timeout=TIMEOUT_S, metadata=metadata)
    except grpc.RpcError as error:
        return cast("grpc.Call", error).code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("asks", [False, True])
def test_http_over_tls(serve_http: ServeHttp, certificate: Certificate, asks: bool) -> None:
    url = serve_http(Door(tls_of(certificate, asks=asks)))
    assert post(url, trusting(certificate, shows=True)).status_code == 200
    if asks:
        with pytest.raises(httpx.TransportError):
            post(url, trusting(certificate))
    with pytest.raises(httpx.TransportError):
        post(url.replace("https", "http"))


def test_a_refusal_over_tls_arrives_though_the_body_is_still_coming(
    serve_http: ServeHttp, certificate: Certificate
) -> None:
    url = serve_http(Door(tls_of(certificate)))
    body = bytes(8 * LIMIT)
    with httpx.Client(verify=trusting(certificate), timeout=TIMEOUT_S, trust_env=False) as client:
        answer = client.post(url, content=body, headers={"Content-Type": PROTOBUF})
    assert answer.status_code == 413


@pytest.mark.parametrize("asks", [False, True])
def test_grpc_over_tls(serve_grpc: ServeGrpc, certificate: Certificate, asks: bool) -> None:
    place = serve_grpc(Door(tls_of(certificate, asks=asks)))
    pem, key = Path(certificate.certificate).read_bytes(), Path(certificate.key).read_bytes()
    with grpc.secure_channel(place, grpc.ssl_channel_credentials(pem, key, pem)) as channel:
        assert export(channel) is grpc.StatusCode.OK
    if asks:
        with grpc.secure_channel(place, grpc.ssl_channel_credentials(pem)) as channel:
            assert export(channel) is grpc.StatusCode.UNAVAILABLE


def test_grpc_takes_certificates_that_are_read_again(
    serve_grpc: ServeGrpc, certificate: Certificate, tmp_path: Path
) -> None:
    tls = tls_of(certificate)
    place = serve_grpc(Door(tls))
    after = make_certificate(tmp_path, "after")
    Path(certificate.certificate).write_bytes(Path(after.certificate).read_bytes())
    Path(certificate.key).write_bytes(Path(after.key).read_bytes())
    tls.reload()
    trust = grpc.ssl_channel_credentials(Path(after.certificate).read_bytes())
    with grpc.secure_channel(place, trust) as channel:
        assert export(channel) is grpc.StatusCode.OK


def test_http_asks_for_a_token(serve_http: ServeHttp, tokens: Tokens, intake: MemoryIntake) -> None:
    url = serve_http(Door(tokens=tokens))
    assert post(url, Authorization="Bearer right-token").status_code == 200
    refused = post(url, Authorization="Bearer wrong-token")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert post(url).status_code == 401
    assert [it.reason for it in intake.refusals] == [Reason.UNAUTHENTICATED] * 2
    assert not any("-token" in it.message for it in intake.refusals)
    # Of whoever looks after the process, who has none.
    assert httpx.options(url, trust_env=False).status_code == 405


def test_grpc_asks_for_a_token(serve_grpc: ServeGrpc, tokens: Tokens, intake: MemoryIntake) -> None:
    with grpc.insecure_channel(serve_grpc(Door(tokens=tokens))) as channel:
        assert export(channel, ("authorization", "Bearer right-token")) is grpc.StatusCode.OK
        wrong = export(channel, ("authorization", "Bearer wrong-token"))
        assert wrong is grpc.StatusCode.UNAUTHENTICATED
        assert export(channel) is grpc.StatusCode.UNAUTHENTICATED
    assert len(intake.requests) == 1


def test_http_says_when_to_come_again(serve_http: ServeHttp, intake: MemoryIntake) -> None:
    url = serve_http(Door(rate=RateLimit(1 / 60)))
    assert post(url).status_code == 200
    refused = post(url)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert [it.reason for it in intake.refusals] == [Reason.RATE_LIMITED]


def test_grpc_says_when_to_come_again(serve_grpc: ServeGrpc, intake: MemoryIntake) -> None:
    with grpc.insecure_channel(serve_grpc(Door(rate=RateLimit(1 / 60)))) as channel:
        assert export(channel) is grpc.StatusCode.OK
        send = cast("Callable[..., bytes]", channel.unary_unary(TRACES))
        with pytest.raises(grpc.RpcError) as caught:
            send(b"", timeout=TIMEOUT_S)
    call = cast("grpc.Call", caught.value)
    assert call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(call.trailing_metadata() or ())["grpc-status-details-bin"]
    info = RetryInfo()
    assert Status.FromString(details).details[0].Unpack(info)
    assert info.retry_delay.seconds == 60
    assert "127.0.0.1 sends more" in intake.refusals[0].message


def test_a_client_is_the_same_over_both(serve_http: ServeHttp, serve_grpc: ServeGrpc) -> None:
    door = Door(rate=RateLimit(1 / 60))
    assert post(serve_http(door)).status_code == 200
    with grpc.insecure_channel(serve_grpc(door)) as channel:
        assert export(channel) is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_metadata_that_is_too_large_exhausts(serve_grpc: ServeGrpc, intake: MemoryIntake) -> None:
    options = [("grpc.max_metadata_size", 1 << 20), ("grpc.absolute_max_metadata_size", 1 << 20)]
    with grpc.insecure_channel(serve_grpc(Door()), options) as channel:
        assert export(channel, ("x-large", "x" * (6 << 10))) is grpc.StatusCode.OK
        assert export(channel, ("x-large", "x" * (32 << 10))) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert len(intake.requests) == 1


def test_a_browser_asks_without_a_token_and_sends_with_one(
    serve_http: ServeHttp, tokens: Tokens
) -> None:
    url = serve_http(Door(tokens=tokens, origins=Origins.parse([SHOP])))
    question = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    told = httpx.options(url, headers=question, trust_env=False)
    assert told.status_code == 200
    assert told.headers["Access-Control-Allow-Origin"] == SHOP
    assert told.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    sent = post(url, Origin=SHOP, Authorization="Bearer right-token")
    assert (sent.status_code, sent.headers["Access-Control-Allow-Origin"]) == (200, SHOP)
    # A page can read why it was refused, too.
    refused = post(url, Origin=SHOP)
    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (401, SHOP)


def test_a_page_that_may_not_send_is_refused_and_counted(
    serve_http: ServeHttp, intake: MemoryIntake
) -> None:
    url = serve_http(Door())
    question = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    told = httpx.options(url, headers=question, trust_env=False)
    assert told.status_code == 403
    assert "Access-Control-Allow-Origin" not in told.headers
    assert "--cors" in told.json()["message"]
    assert [it.reason for it in intake.refusals] == [Reason.ORIGIN_NOT_ALLOWED]
