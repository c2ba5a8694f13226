"""`otx receive`: take OTLP from any SDK or Collector and keep it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from otx.commands import command_app
from otx.commands import receive_options as flags
from otx.commands.ottl.options import Gates, Pipeline, Strict, gates_of
from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import format_size, parse_duration_ns, parse_rate_per_s, parse_size
from otx.output import Output, Remarks

if TYPE_CHECKING:
    from otx.services.forward.orders import Orders
    from otx.services.receive_door import DoorOptions
    from otx.services.transform_rules import Rules

_MOST_REQUEST_BYTES = 1 << 30
"""gRPC and protobuf count the bytes of a message in 31 bits."""

app = command_app(help="Receive OTLP over gRPC and HTTP and keep it.")


@app.command()
def receive(
    ctx: typer.Context,
    grpc: flags.GrpcAddress = None,
    http: flags.HttpAddress = None,
    store: flags.Store = None,
    form: flags.PrintForm = None,
    forward: flags.Forward = None,
    forward_keep: flags.ForwardKeep = None,
    tee: flags.Tee = None,
    transform: flags.Transform = None,
    feature_gates: Gates = None,
    strict: Strict = False,
    pipeline: Pipeline = None,
    max_request: flags.MaxRequest = None,
    fsync: flags.Fsync = None,
    retain: flags.Retain = None,
    tls_cert: flags.TlsCertificate = None,
    tls_key: flags.TlsKey = None,
    client_ca: flags.ClientAuthority = None,
    token_file: flags.TokenFile = None,
    rate_limit: flags.RateLimit = None,
    cors: flags.CorsOrigins = None,
    duration: flags.Duration = None,
    count: flags.Count = None,
) -> None:
    """Receive OTLP over gRPC and HTTP and keep it.

    Runs until Ctrl-C, the duration's end or the count. Prints one line
    `ready grpc=HOST:PORT http=HOST:PORT` on stderr when it accepts. Port 0 picks a free port.
    HUP reads the files of `--transform`, `--tls-cert`, `--tls-key` and `--client-ca` again.
    """
    from otx.otlp.address import Address  # 45 ms
    from otx.services.receive import ReceiveOptions, Voice
    from otx.services.receive import receive as run

    environment: Environment = ctx.obj
    config, remarks = Config(environment), Remarks(environment)
    age_ns, size = _bound(config, "receive.retain", retain or [])
    store_dir = None if store == "none" else config.store_dir(store)
    options = ReceiveOptions(
        grpc=Address.parse(config.get("receive.grpc", grpc).text),
        http=Address.parse(config.get("receive.http", http).text),
        store_dir=store_dir,
        max_request_bytes=_request_bytes(config.get("receive.max-request", max_request).text),
        backlog_bytes=parse_size(config.get("receive.backlog").text),
        fsync=_fsync(config.get("receive.fsync", fsync).text),
        duration_s=None if duration is None else parse_duration_ns(duration) / 1e9,
        count=count,
        print_form=form or ("summary" if environment.stdout_is_terminal else "none"),
        retain_age_ns=age_ns,
        retain_bytes=size,
        rules=_rules(environment, transform, feature_gates, strict, pipeline),
        tee=environment.cwd / tee if tee else None,
        door=_door(environment, config, tls_cert, tls_key, client_ca, token_file, cors, rate_limit),
        forward=_orders(config, store_dir, forward, forward_keep or []),
        variables=environment.variables,
    )
    voice = Voice(write=Output(environment).text, note=remarks.note, warn=remarks.warning)
    for line in run(options, voice).lines():
        remarks.note(line)


def _request_bytes(text: str) -> int:
    size = parse_size(text)
    if not 0 < size <= _MOST_REQUEST_BYTES:
        most = format_size(_MOST_REQUEST_BYTES)
        raise UsageError(
            f"--max-request is {text}: it has to be above 0, and {most} at most",
            hint="OTLP recommends 64MiB, which is the default",
        )
    return size


def _door(
    environment: Environment,
    config: Config,
    tls_cert: str | None,
    tls_key: str | None,
    client_ca: str | None,
    token_file: str | None,
    cors: list[str] | None,
    rate_limit: str | None,
) -> "DoorOptions":
    """Whom to let in."""
    from otx.otlp.receiver.tls import TlsFiles
    from otx.services.receive_door import DoorOptions

    def path(key: str, flag: str | None) -> Path | None:
        text = config.get(f"receive.{key}", flag).text
        return environment.cwd / text if text else None

    certificate, key = path("tls-cert", tls_cert), path("tls-key", tls_key)
    authority = path("client-ca", client_ca)
    if certificate is None and (key or authority):
        raise UsageError("--tls-key and --client-ca need --tls-cert")
    origins = config.get("receive.cors", ",".join(cors) if cors else None).text
    return DoorOptions(
        tls=None if certificate is None else TlsFiles(certificate, key, authority),
        token_file=path("token-file", token_file),
        origins=tuple(filter(None, map(str.strip, origins.split(",")))),
        rate_per_s=_rate(config, rate_limit),
    )


def _rate(config: Config, flag: str | None) -> float | None:
    """Requests a second that each client may send."""
    text = config.get("receive.rate-limit", flag).text
    if not text:
        return None
    rate = parse_rate_per_s(text)
    if rate == 0:
        raise UsageError("a --rate-limit of 0 lets nothing in", hint="write it like 50/s or 5/m")
    return rate


def _rules(
    environment: Environment,
    file: str | None,
    gates: list[str] | None,
    strict: bool,
    pipelines: list[str] | None,
) -> "Callable[[], Rules] | None":
    """What reads the file of `--transform`."""
    if file is None:
        for name, given in {
            "--feature-gates": gates,
            "--strict": strict,
            "--pipeline": pipelines,
        }.items():
            if given:
                raise UsageError(f"{name} is about OTTL", hint="it needs --transform FILE")
        return None
    from otx.services.transform_rules import read_rules  # 150 ms

    return partial(
        read_rules,
        environment.cwd / file,
        file,
        environment.variables,
        gates_of(gates),
        allows_extensions=not strict,
        pipelines=pipelines or [],
    )


def _orders(
    config: Config, store_dir: Path | None, urls: list[str] | None, keep: list[str]
) -> "Orders | None":
    """Where what is kept is sent on to."""
    said = urls or list(filter(None, map(str.strip, config.get("receive.forward").text.split(","))))
    if not said:
        if keep:
            raise UsageError("--forward-keep is about --forward", hint="it needs --forward URL")
        return None
    if store_dir is None:
        raise UsageError(
            "--forward needs a store: what waits for a destination waits in its log",
            hint="leave --store none out; --retain 1s keeps the rest of the store small",
        )
    from otx.services.forward.line import Keep
    from otx.services.forward.orders import Orders

    orders = Orders(store_dir, said, Keep(*_bound(config, "receive.forward-keep", keep)))
    orders.parsed()
    return orders


def _bound(config: Config, key: str, texts: list[str]) -> tuple[int, int]:
    """The age in nanoseconds and the size in bytes that are kept."""
    age_ns = parse_duration_ns(config.get(f"{key}-age").text)
    size = parse_size(config.get(f"{key}-size").text)
    for text in texts:
        if text[-1:] in "smhd":
            age_ns = parse_duration_ns(text)
        else:
            size = parse_size(text)
    return age_ns, size


def _fsync(text: str) -> Literal["always", "interval"]:
    if text == "always":
        return "always"
    if text == "interval":
        return "interval"
    raise UsageError(f"receive.fsync is always or interval, not {text!r}")
