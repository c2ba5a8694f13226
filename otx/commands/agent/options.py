"""What `otx agent run`, `start` and `unit` take on their command line, and what it comes to."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from otx.config import Config
from otx.environment import Environment
from otx.errors import UsageError

if TYPE_CHECKING:
    from otx.services.agent.options import AgentOptions

Server: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="URL", help="ws, wss, http or https; again for one to turn to when it is away."
    ),
]
ConfigFile: TypeAlias = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Local configuration, under the server's."),
]
State: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DIR", help="Where state is kept (the state directory).")
]
Header: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(metavar="K=V", help="Sent to the server, such as Authorization=Bearer …"),
]
HeaderFile: TypeAlias = Annotated[
    str | None,
    typer.Option("--header-file", metavar="FILE", help="Headers, a line each: NAME: VALUE."),
]
AllowRemoteConfig: TypeAlias = Annotated[
    bool, typer.Option("--allow-remote-config", help="Let the server send configurations.")
]
Trust: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY", help="Take only configurations signed with this ed25519 key (file)."
    ),
]
NoSettings: TypeAlias = Annotated[
    bool, typer.Option("--no-connection-settings", help="Take no other settings from the server.")
]
Log: TypeAlias = Annotated[
    str | None, typer.Option(metavar="FILE", help="Where to write to (stderr), with rotation.")
]
Command: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="[-- CMD…]", help="What to supervise; {config} is its configuration."),
]


def state_folder(environment: Environment, state: str | None) -> Path:
    """The agent's own state, by flag, setting or default."""
    text = Config(environment).get("agent.state", state).text
    return environment.cwd / Path(text).expanduser() if text else environment.state_dir / "agent"


def agent_options(
    environment: Environment,
    *,
    server: list[str] | None,
    config: str | None,
    state: str | None,
    header: list[str] | None,
    header_file: str | None,
    allow_remote_config: bool,
    trust: list[str] | None,
    no_connection_settings: bool,
    log: str | None,
    command: list[str] | None,
) -> "AgentOptions":
    """The options of an agent, from flags and settings.

    Raises:
        UsageError: One of them cannot be used, or no server is named.
    """
    from otx.services.agent.options import AgentOptions

    settings = Config(environment)
    servers = server or settings.get("agent.server").text.split()
    headers = [_header(one) for one in _pairs(settings.get("agent.headers").text)]
    headers += _headers_of(environment, header_file) if header_file else []
    headers += [_header(one) for one in header or []]
    keys = trust or settings.get("agent.trust").text.split()
    words = command or shlex.split(settings.get("agent.command").text)
    file = settings.get("agent.config", config).text
    allows = allow_remote_config or settings.get("agent.allow-remote-config").text == "true"
    if not servers:
        raise UsageError("no server is named", hint="--server ws://HOST:4320/v1/opamp")
    for url in servers:
        _check_url(url)
    return AgentOptions(
        servers=tuple(servers),
        state=str(state_folder(environment, state)),
        config=str(_readable(environment, file)) if file else "",
        headers=tuple(headers),
        command=tuple(words),
        trust=tuple(_readable(environment, key).read_text(errors="replace") for key in keys),
        log=str(environment.cwd / log) if log else "",
        allows_remote=allows,
        allows_settings=not no_connection_settings,
    )


def _check_url(url: str) -> None:
    from otx.opamp.transport.endpoint import Endpoint

    Endpoint.of(url)


def _pairs(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _header(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    is_token = name and all(letter.isalnum() or letter in "-_.!#$%&'*+^`|~" for letter in name)
    if not equals or not is_token or not value.isprintable() or not name.isascii():
        raise UsageError(f"{name!r} is no header", hint="--header NAME=VALUE")
    return name, value.strip()


def _headers_of(environment: Environment, file: str) -> list[tuple[str, str]]:
    """The headers of a file, `NAME: VALUE` or `NAME=VALUE` a line; `#` begins a comment.

    Raises:
        UsageError: It cannot be read, or a line, which is not shown, is no header.
    """
    lines = _readable(environment, file).read_text(errors="replace").splitlines()
    found = []
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        text = f"{name.rstrip()}={value}" if colon and "=" not in name else line
        try:
            found.append(_header(text))
        except UsageError:
            raise UsageError(f"{file}:{number}: this is no header", hint="NAME: VALUE") from None
    return found


def _readable(environment: Environment, text: str) -> Path:
    path = environment.cwd / Path(text).expanduser()
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise UsageError(f"cannot read {text}: {error.strerror}") from None
