"""Servers on loopback that answer as they are told to, with TLS or without, and certificates."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Answer:
    """What a server says to everybody."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True)
class Certificate:
    """The PEM files of an authority that signed itself, good for 127.0.0.1 and for clients."""

    certificate: str
    key: str

    def server_context(self, *, asks: bool = False) -> ssl.SSLContext:
        """What a server speaks TLS with; it may ask for the same certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        context.set_alpn_protocols(["http/1.1"])
        if asks:
            context.load_verify_locations(self.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


def make_certificate(folder: Path, name: str = "odd") -> Certificate:
    """A new certificate in a folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Certificate(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))


@contextmanager
def http_server(
    answers: "list[Answer]", context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[str]]]:
    """HOST:PORT of a server that gives one answer after the other, the last for ever; its paths."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers[min(len(seen), len(answers) - 1)]
            seen.append(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that go away in the middle are what these servers are for."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Scripted(grpc.GenericRpcHandler):
    """Answers every method by a script: a code, or bytes; with trailers."""

    def __init__(self, script: "list[Said]") -> None:
        self._script = script
        self.calls: list[str] = []

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            said = self._script[min(len(self.calls), len(self._script) - 1)]
            self.calls.append(handler_call_details.method)
            context.set_trailing_metadata(said.trailers)
            if said.code is not grpc.StatusCode.OK:
                context.abort(said.code, said.details)
            return said.body

        return grpc.unary_unary_rpc_method_handler(answer)


@dataclass(frozen=True)
class Said:
    """What a gRPC server says."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""
    body: bytes = b""
    trailers: tuple[tuple[str, str | bytes], ...] = ()


@contextmanager
def grpc_server(
    script: list[Said], certificate: Certificate | None = None, *, asks: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """HOST:PORT of a server that says one thing after the other, the last for ever; its calls."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    handler = _Scripted(script)
    server.add_generic_rpc_handlers((handler,))
    if certificate is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        pem = Path(certificate.certificate).read_bytes()
        pairs = [(Path(certificate.key).read_bytes(), pem)]
        credentials = grpc.ssl_server_credentials(pairs, pem if asks else None, asks)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield f"127.0.0.1:{port}", handler.calls
    finally:
        server.stop(None).wait()
