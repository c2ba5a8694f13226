"""Settings and where each value came from: flag > environment > project > user > default.

A setting is a line in `SETTINGS`. Files are TOML with one table a command (`[receive]`), and are
read when a setting is asked for that no flag gives.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otx.environment import Environment
from otx.errors import UsageError
from otx.model.units import parse_duration_ns, parse_size
from otx.redacted import names_alone, without_header_values, without_users

PROJECT_FILE = "otx.toml"
OTHER_VARIABLES = {"OTX_CONFIG", "OTX_DEBUG"}
"""Variables that are read elsewhere."""


@dataclass(frozen=True)
class Setting:
    """One thing that can be configured.

    Attributes:
        key: `table.name` in a configuration file.
        default: What holds when nobody says otherwise, as text.
        help: One line for people.
        variables: Environment variables that set it, strongest first.
        check: Raises UsageError for a text that cannot be meant.
        shown: Takes the secrets out of a text.
    """

    key: str
    default: str
    help: str
    variables: tuple[str, ...]
    check: Callable[[str], object] = str
    shown: Callable[[str], str] = without_users


@dataclass(frozen=True)
class Value:
    """A setting's value as text, and what set it: `flag`, `environment X`, a file, `default`."""

    text: str
    origin: str


def _address(text: str) -> None:
    port = text.rpartition(":")[2]
    if not text.startswith("unix:") and not (":" in text and port.isdigit()):
        raise UsageError(f"{text!r} is no address", hint="HOST:PORT or unix:PATH")


def _whole_number(text: str) -> None:
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"{text!r} is no whole number above 0")


def _one_of(*choices: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in choices:
            raise UsageError(f"{text!r} is none of {', '.join(choices)}")

    return check


def _setting(
    key: str,
    default: str,
    text: str,
    *variables: str,
    check: Callable[[str], object] = str,
    shown: Callable[[str], str] = without_users,
) -> Setting:
    own = "OTX_" + key.upper().replace(".", "_").replace("-", "_")
    return Setting(key, default, text, (own, *variables), check, shown)


SETTINGS: dict[str, Setting] = {
    setting.key: setting
    for setting in (
        _setting("store", "", "where telemetry is kept (default: the state directory)"),
        _setting(
            "receive.grpc",
            "127.0.0.1:4317",
            "where `otx receive` takes OTLP over gRPC",
            check=_address,
        ),
        _setting(
            "receive.http",
            "127.0.0.1:4318",
            "where `otx receive` takes OTLP over HTTP",
            check=_address,
        ),
        _setting(
            "receive.max-request",
            "64MiB",
            "largest request, also after decompression",
            check=parse_size,
        ),
        _setting(
            "receive.fsync",
            "always",
            "always: acknowledge after fsync; interval: within 1 s",
            check=_one_of("always", "interval"),
        ),
        _setting(
            "receive.retain-age", "24h", "how long telemetry is kept", check=parse_duration_ns
        ),
        _setting("receive.retain-size", "10GiB", "how much telemetry is kept", check=parse_size),
        _setting(
            "receive.backlog",
            "512MiB",
            "how much may wait to become segments before senders are told to come again",
            check=parse_size,
        ),
        _setting(
            "receive.forward",
            "",
            "where it is sent on to, URLs with commas between",
            shown=without_header_values,
        ),
        _setting(
            "receive.forward-keep-age",
            "24h",
            "how long what waits for a destination is kept",
            check=parse_duration_ns,
        ),
        _setting(
            "receive.forward-keep-size",
            "4GiB",
            "how much of what waits for a destination is kept",
            check=parse_size,
        ),
        _setting("receive.tls-cert", "", "the certificate it speaks TLS with (PEM)"),
        _setting("receive.tls-key", "", "its private key, where receive.tls-cert does not hold it"),
        _setting("receive.client-ca", "", "authorities of which clients must show a certificate"),
        _setting("receive.token-file", "", "bearer tokens of which clients must show one"),
        _setting("receive.rate-limit", "", "requests that each client may send, such as 50/s"),
        _setting("receive.cors", "", "origins whose pages may send, with commas between"),
        _setting("profile.frequency", "99", "samples a second and core", check=_whole_number),
        _setting("send.endpoint", "", "where `otx send` sends to", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        _setting(
            "send.protocol",
            "",
            "grpc, http/protobuf or http/json",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            check=_one_of("grpc", "http/protobuf", "http/json"),
        ),
        _setting(
            "opamp.server",
            "http://127.0.0.1:4320",
            "the OpAMP server that `otx opamp agents`, `push` and the like speak to",
        ),
        _setting("opamp.token-file", "", "the token they speak to it with"),
        _setting("opamp.cert", "", "PEM of the certificate and key they show to it"),
        _setting("opamp.db", "", "where its fleet is kept (default: the state directory)"),
        _setting("agent.server", "", "the OpAMP servers of `otx agent`, with spaces between"),
        _setting("agent.config", "", "its local configuration, under what the server sends"),
        _setting("agent.command", "", "what it supervises, as a shell would be told"),
        _setting("agent.state", "", "where it keeps its state (default: the state directory)"),
        _setting(
            "agent.headers", "", "sent to the server: K=V, with commas between", shown=names_alone
        ),
        _setting("agent.trust", "", "keys that configurations must be signed with (files)"),
        _setting(
            "agent.allow-remote-config",
            "false",
            "whether a server may send configurations",
            check=_one_of("true", "false"),
        ),
        _setting("tui.theme", "otx-dark", "colours of the screens"),
    )
}


class Config:
    """The settings of one run, read from an environment and its files once."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._files: list[tuple[Path, dict[str, str]]] | None = None

    def get(self, key: str, flag: str | None = None) -> Value:
        """The value of a setting, where `flag` is what the command line gives, if it does.

        Raises:
            UsageError: A configuration file cannot be read or understood.
        """
        setting = SETTINGS[key]
        if flag is not None:
            return Value(flag, "flag")
        for variable in setting.variables:
            if text := self._environment.variables.get(variable):
                return Value(text, f"environment {variable}")
        for path, values in self.files():
            if key in values:
                return Value(values[key], str(path))
        return Value(setting.default, "default")

    def store_dir(self, flag: str | None = None) -> Path:
        """The directory of the store, from `--store`, OTX_STORE, a file, or the state directory."""
        text = self.get("store", flag).text
        if "://" in text:
            raise UsageError(
                f"{text} is no directory", hint="--store DIR; stores at a URL are not read yet"
            )
        directory = Path(text).expanduser() if text else self._environment.state_dir / "store"
        for one in (directory, *directory.parents):
            if os.path.isfile(one):  # noqa: PTH113 - Path's raises where it may not look
                raise UsageError(f"{one} is a file, no directory", hint="--store DIR")
        return directory

    def unknown_variables(self) -> list[str]:
        """Variables that begin as otx's do and set nothing."""
        known = {name for setting in SETTINGS.values() for name in setting.variables}
        names = self._environment.variables
        return sorted(
            name
            for name in names
            if name.startswith("OTX_") and name not in known | OTHER_VARIABLES
        )

    def paths(self) -> list[Path]:
        """The configuration files that are looked for, strongest first."""
        named = self._environment.variables.get("OTX_CONFIG")
        user = Path(named) if named else self._environment.config_dir / "config.toml"
        return [self._environment.cwd / PROJECT_FILE, user]

    def files(self) -> list[tuple[Path, dict[str, str]]]:
        """Each file that is there with its values by key, strongest first."""
        if self._files is None:
            self._files = [(path, _read(path)) for path in self.paths() if _is_there(path)]
        return self._files


def _is_there(path: Path) -> bool:
    """Whether a file is there for us; in another user's home, which `sudo -u` leaves, it is not."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _read(path: Path) -> dict[str, str]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    return _flatten(document, "")


def _flatten(table: Mapping[str, Any], prefix: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            values |= _flatten(value, f"{prefix}{name}.")
        else:
            values[prefix + name] = str(value).lower() if isinstance(value, bool) else str(value)
    return values
