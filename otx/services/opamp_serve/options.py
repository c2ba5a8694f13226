"""How a server is to run, checked: who can reach it, and with which certificates."""

import ssl
from asyncio import sslproto
from dataclasses import dataclass, field
from pathlib import Path

from otx.errors import UsageError
from otx.opamp.framing import Limits
from otx.opamp.server.agent import Patience
from otx.opamp.server.authority import Authority
from otx.otlp.address import Address
from otx.services.opamp_serve.app import API_PREFIX

LEAST_MESSAGE = 4 << 10
"""Bytes of a message: an agent's description alone comes near it."""
TLS_RECORD_BYTES = 16 << 10
"""The most that one record carries (RFC 8446, 5.1): more at once cannot be read."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    Attributes:
        tls_cert: PEM certificate chain and, with `tls_key`, its key.
        client_ca: PEM of the CA that must have signed agents' certificates.
        ca_cert: PEM of the authority that signs what agents ask for, with `ca_key`.
        heartbeat_s: The interval agents are offered; 0 leaves it to them.
        most_agents: Connections at a time; None for as many as this machine allows.
    """

    listen: Address
    path: str
    db: Path
    token_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    ca_cert: Path | None = None
    ca_key: Path | None = None
    heartbeat_s: int = 0
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)
    most_agents: int | None = None


def check_guarded(options: ServeOptions) -> None:
    """Who can reach the port can push configurations: beyond this machine that needs tokens.

    Raises:
        UsageError: It listens to others and nothing is asked of them.
    """
    if not options.path.startswith("/") or options.path.startswith(API_PREFIX):
        raise UsageError(f"{options.path!r} cannot be OpAMP's path", hint="--path /v1/opamp")
    if options.limits.message_bytes < LEAST_MESSAGE:
        raise UsageError(
            f"--max-message {options.limits.message_bytes} lets no agent describe itself",
            hint=f"at least {LEAST_MESSAGE >> 10}KiB",
        )
    if options.listen.path:
        raise UsageError("an OpAMP server listens on HOST:PORT, not on a Unix socket")
    host = options.listen.host
    is_local = host in ("localhost", "::1") or host[:4] == "127."
    if not is_local and options.token_file is None and options.client_ca is None:
        raise UsageError(
            f"{options.listen} can be reached by others, and nothing says who may speak",
            hint="--token-file FILE, or --client-ca FILE with --tls-cert and --tls-key",
        )


def tls_context(options: ServeOptions) -> ssl.SSLContext | None:
    """TLS as the options ask for it.

    Raises:
        UsageError: A file cannot be used.
    """
    if options.tls_cert is None:
        if options.client_ca or options.tls_key:
            raise UsageError("--client-ca and --tls-key need --tls-cert")
        return None
    # asyncio gives each TLS connection a zeroed buffer of 256 KiB: 2.5 GiB for ten thousand.
    sslproto.SSLProtocol.max_size = TLS_RECORD_BYTES
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key)
        if options.client_ca is not None:
            context.load_verify_locations(options.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"the certificates cannot be used: {error}") from None
    return context


def authority_of(options: ServeOptions) -> Authority | None:
    """What signs certificates that agents ask for; None where nothing does.

    Raises:
        UsageError: Its files cannot be used.
    """
    if options.ca_cert is None and options.ca_key is None:
        return None
    if options.ca_cert is None or options.ca_key is None:
        raise UsageError("--ca-cert and --ca-key belong together")
    from otx.services.opamp_serve.certificates import FileAuthority  # 60 ms

    return FileAuthority(options.ca_cert, options.ca_key)
