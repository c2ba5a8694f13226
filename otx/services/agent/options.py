"""What `otx agent run` is asked to do, as it is handed to the lean process that does it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from otx.services.agent.runner import CONFIG_PLACE


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """The arguments of one agent.

    Attributes:
        servers: URLs, the first one first; the next when it cannot be reached.
        config: The local file, or "".
        command: What is supervised; empty: otx's own parts.
        trust: Public keys, as PEM or base64; none: signatures are not asked for.
        log: Where the agent and its process write to; "": stderr.
        allows_remote: Whether a server may send a configuration.
        allows_settings: Whether it may send other settings for the connection.
    """

    servers: tuple[str, ...]
    state: str
    config: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    log: str = ""
    allows_remote: bool = False
    allows_settings: bool = True

    def to_json(self) -> str:
        """The options as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "AgentOptions":
        """The options of `to_json`."""
        body = json.loads(text)
        body["headers"] = tuple((name, value) for name, value in body["headers"])
        for key in ("servers", "command", "trust"):
            body[key] = tuple(body[key])
        return cls(**body)

    @property
    def state_folder(self) -> Path:
        """Where state is kept."""
        return Path(self.state)


@dataclass(frozen=True, slots=True)
class Supervised:
    """The command that is supervised, and how it is given its configuration.

    Attributes:
        run: Its words, with `CONFIG_PLACE` where the path of the configuration goes.
        validate: The words of a command that ends with 0 for a configuration it can use; or empty.
        base: A configuration that the command line names itself; "" where it names none.
    """

    run: tuple[str, ...]
    validate: tuple[str, ...]
    is_collector: bool
    base: str = ""

    @property
    def needs_config(self) -> bool:
        """Whether it cannot be run without a configuration."""
        return CONFIG_PLACE in " ".join(self.run)

    @property
    def name(self) -> str:
        """The command's name."""
        return Path(self.run[0]).name if self.run else "otx"

    @classmethod
    def of(
        cls, command: tuple[str, ...], validate: tuple[str, ...] | None, collector: bool | None
    ) -> "Supervised":
        """What a command line means.

        `validate` is None where nothing is said of it, and empty where nothing is to be asked.
        A Collector, told by its name unless the agent's section says so, gets `--config` where the
        line has no `{config}`; a `--config` of the line itself becomes the local configuration.
        """
        if not command:
            return cls((), (), False)
        is_collector = _is_collector(command[0]) if collector is None else collector
        base, words = "", command
        if is_collector and CONFIG_PLACE not in " ".join(command):
            base, rest = _without_config(command)
            words = (*rest, "--config", CONFIG_PLACE)
        if is_collector and validate is None:
            validate = (words[0], "validate", "--config", CONFIG_PLACE)
        return cls(words, validate or (), is_collector, base)


def _is_collector(path: str) -> bool:
    name = Path(path).name.lower()
    return name.startswith("otelcol") or "collector" in name


def _without_config(command: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The one file a command line names with `--config`, and the line without it."""
    rest: list[str] = []
    base = ""
    words = iter(command)
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in ("--config", "-config"):
            base = value if equals else next(words, "")
        else:
            rest.append(word)
    return base.removeprefix("file:"), tuple(rest)
