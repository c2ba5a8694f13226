"""`otx opamp replay`: a record told again or played, and what is written of it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from otx.environment import Environment
from otx.errors import NotThere, UsageError
from otx.model.units import counted
from otx.opamp.instance_uid import new_uid
from otx.opamp.transport.endpoint import Endpoint, Headers, Tls
from otx.otlp.address import Address, bind, cannot_listen
from otx.services.opamp_tap.events import Event
from otx.services.opamp_tap.observer import Observer
from otx.services.opamp_tap.record import read_record
from otx.services.opamp_tap.replay import AgentPlayer, Played
from otx.services.opamp_tap.retell import retell
from otx.services.opamp_tap.rewriting import Rewriter
from otx.services.opamp_tap.screen import Form, JsonScreen, TextScreen, open_screen
from otx.services.opamp_tap.script import Step, script
from otx.services.opamp_tap.server_player import ServerPlayer
from otx.services.opamp_tap.shrinking import shrink
from otx.streams import cannot_write

Screen = TextScreen | JsonScreen


@dataclass(frozen=True, slots=True)
class Replay:
    """What is to be played.

    Attributes:
        name: The record as the user calls it.
        to: URL of a server, or None.
        listen: Where an agent comes to, or None.
        shrink: Where the smallest record that differs goes, or None.
    """

    path: Path
    name: str
    to: str | None
    listen: str | None
    headers: Headers
    tls: Tls
    keeps_uids: bool
    timeout_s: float
    shrink: Path | None


def tell_again(
    environment: Environment,
    path: Path,
    name: str,
    out: str,
    form: Form,
    show_secrets: bool,
    note: Callable[[str], None],
) -> None:
    """Tell a record as the tap would.

    Raises:
        UsageError: It is none.
    """
    with _opened(path, name) as file, open_screen(environment, out, form, show_secrets) as screen:
        record = read_record(file, name, _cut_off(note, name))
        screen.end(retell(record, screen.show), 0)


def play(
    environment: Environment,
    replay: Replay,
    out: str,
    form: Form,
    show_secrets: bool,
    note: Callable[[str], None],
) -> bool:
    """Play one side of a record; whether the other side differs.

    Raises:
        UsageError: It is no record.
        PeerError: The server cannot be reached.
        MachineError: The address cannot be had.
        NotThere: It is to be shrunk, and nothing differs.
    """
    with _opened(replay.path, replay.name) as file:
        steps = script(read_record(file, replay.name, _cut_off(note, replay.name)))
    with open_screen(environment, out, form, show_secrets) as screen:
        observer = Observer(screen.show)
        played = _played(environment, replay, steps, observer, note)
        screen.end(observer.summary, 0, _differences(played))
    note(_verdict(played))
    if replay.shrink is not None:
        _shrink(environment, replay, steps, played, note)
    return bool(played.differences)


def _played(
    environment: Environment,
    replay: Replay,
    steps: list[Step],
    observer: Observer,
    note: Callable[[str], None],
) -> Played:
    clock = environment.clock
    rewriter = Rewriter(lambda: new_uid(clock() // 1_000_000), replay.keeps_uids)
    if replay.to is not None:
        endpoint = Endpoint.of(replay.to, replay.headers, replay.tls)
        return AgentPlayer(endpoint, rewriter, observer, clock, replay.timeout_s).play(steps)
    address = Address.parse(replay.listen or "")
    try:
        listener = bind(address)
    except OSError as error:
        raise cannot_listen(address, "--listen", error) from None
    with listener:
        place = address if address.path else address.with_port(listener.getsockname()[1])
        note(f"ready ws://{place}")
        return ServerPlayer(listener, rewriter, observer, clock, replay.timeout_s).play(steps)


def _shrink(
    environment: Environment,
    replay: Replay,
    steps: list[Step],
    played: Played,
    note: Callable[[str], None],
) -> None:
    """Write the smallest record in which something that was found is found still."""
    wanted = played.faults
    if not wanted:
        raise NotThere("there is nothing to shrink: the server does as on the record")

    def fails(part: list[Step]) -> bool:
        again = _played(environment, replay, part, Observer(_untold), note)
        return bool(wanted & again.faults)

    left = {step.line for step in shrink(steps, fails)}
    if replay.shrink is None:
        return
    try:
        number = os.open(replay.shrink, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with _opened(replay.path, replay.name) as file, os.fdopen(number, "wb") as out:
            for at, line in enumerate(file, 1):
                if at == 1 or at in left:
                    out.write(line)
    except OSError as error:
        raise cannot_write(str(replay.shrink), error) from None
    note(f"{counted(len(left), 'line')} of {len(steps)} still differ: {replay.shrink}")


def _untold(_: Event) -> None:
    """Attempts are not told."""


def _differences(played: Played) -> list[dict[str, object]]:
    return [
        {"line": one.line, "connection": one.connection, "what": one.what}
        for one in played.differences
    ]


def _verdict(played: Played) -> str:
    said = f"{counted(played.reports, 'report')}, {counted(played.answers, 'answer')}"
    if not played.differences:
        return f"played {said}: no difference"
    return f"played {said}: {counted(len(played.differences), 'difference')}"


def _cut_off(note: Callable[[str], None], name: str) -> Callable[[int], None]:
    return lambda line: note(f"{name} ends in the middle of line {line}: the tap was killed")


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror}") from None
