"""What the subcommands of `otx opamp` that speak to a server take alike."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError
from otx.output import Remarks

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from otx.services.opamp_serve.client import FleetReader, RemoteFleet

ServerOption: TypeAlias = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The server (http://127.0.0.1:4320).")
]
TokenFileOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--token-file", metavar="FILE", help="The token to speak to the server with."),
]
CaOption: TypeAlias = Annotated[
    str | None, typer.Option("--ca", metavar="FILE", help="The CA of the server's certificate.")
]
CertOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--cert", metavar="FILE", help="PEM of this side's certificate and its key."),
]
DbOption: TypeAlias = Annotated[
    str | None, typer.Option("--db", metavar="FILE", help="Read the fleet from its database.")
]
SelectorOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("-l", "--selector", metavar="K=V", help="Agents with these labels; repeatable."),
]
AllOption: TypeAlias = Annotated[bool, typer.Option("--all", help="Every agent.")]
YesOption: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
OutOption: TypeAlias = Annotated[
    str, typer.Option("-o", "--out", metavar="FILE", help="Where to write; - is stdout.")
]


def remote_fleet(
    environment: Environment,
    server: str | None,
    token_file: str | None,
    ca: str | None,
    cert: str | None,
) -> "RemoteFleet":
    """The server that is meant."""
    from otx.services.opamp_serve.client import RemoteFleet, read_token  # 20 ms

    config = Config(environment)
    url = config.get("opamp.server", server).text
    tokens = config.get("opamp.token-file", token_file).text
    token = read_token(environment.cwd / Path(tokens).expanduser()) if tokens else ""
    own = config.get("opamp.cert", cert).text

    def place(text: str | None) -> Path | None:
        return environment.cwd / Path(text).expanduser() if text else None

    return RemoteFleet(url, token, place(ca), place(own))


def fleet_reader(
    environment: Environment,
    server: str | None,
    db: str | None,
    token_file: str | None,
    ca: str | None,
    cert: str | None,
) -> "FleetReader":
    """The server that is meant, or the database: the one named, or where no server answers."""
    from otx.services.opamp_serve.client import StoredFleet, Unreachable  # 20 ms

    if db is not None:
        if server is not None:
            raise UsageError("--server and --db are two places", hint="give one of them")
        return StoredFleet(db_path(environment, db), environment.clock())
    remote = remote_fleet(environment, server, token_file, ca, cert)
    if server is not None:
        return remote
    try:
        remote.probe()
    except Unreachable:
        path = db_path(environment, None)
        if not path.is_file():
            raise
        Remarks(environment).note(
            f"no server answers at {remote.url}; this is the last known state, from {path}"
        )
        return StoredFleet(path, environment.clock())
    return remote


def signing_keys(environment: Environment, files: Sequence[str]) -> list["Ed25519PrivateKey"]:
    """The private keys of files, which stay on this side."""
    from otx.services.opamp_push.keys import read_key_file  # 60 ms: cryptography

    warn = Remarks(environment).warning
    return [read_key_file(environment.cwd / Path(file).expanduser(), warn) for file in files]


def db_path(environment: Environment, db: str | None) -> Path:
    """The file of a fleet: `--db FILE|URL`, or in the state directory."""
    text = Config(environment).get("opamp.db", db).text
    if text.startswith("sqlite:"):
        text = text.removeprefix("sqlite:").removeprefix("//")
    if "://" in text:
        raise UsageError(
            f"{text} is no database of a fleet",
            hint="--db FILE, or sqlite:///PATH; fleets are SQLite",
        )
    return environment.cwd / Path(text).expanduser() if text else environment.state_dir / "opamp.db"


def selector_text(selectors: Sequence[str] | None, everyone: bool, what: str) -> str:
    """The selector of `-l`, checked; one of `-l` and `--all` must be there.

    Raises:
        UsageError: Neither, or both; or a selector is none.
    """
    from otx.opamp.server.selector import parse_selector

    if everyone and selectors:
        raise UsageError("--all and -l cannot both be meant", hint="give one of them")
    if not everyone and not selectors:
        raise UsageError(f"which agents are to be {what}?", hint="-l K=V, or --all")
    return str(parse_selector(selectors or []))


def confirmed(environment: Environment, yes: bool, question: str) -> bool:
    """Whether a person says yes; without a terminal `--yes` has to say it.

    Raises:
        UsageError: Nobody can be asked.
    """
    if yes:
        return True
    if not (environment.stdin.isatty() and environment.stderr_is_terminal):
        raise UsageError("nobody can be asked here", hint="--yes goes on without a question")
    environment.stderr.write(f"{question} [y/N] ")
    environment.stderr.flush()
    answer = environment.stdin.readline().decode(errors="replace").strip().lower()
    return answer in ("y", "yes")


def who_am_i(environment: Environment) -> str:
    """The name that the audit log gets: the user's, behind sudo too."""
    import os
    import pwd

    variables = environment.variables
    named = variables.get("SUDO_USER") or variables.get("USER") or variables.get("LOGNAME")
    if named:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
