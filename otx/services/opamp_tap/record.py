"""What passed through a tap, kept as JSON lines: the bytes of each message, and what they say.

The first line says what the file is. The bytes are all that was sent, secrets too, so the file can
be read by its owner alone; what stands beside them is redacted as on the screen.
"""

import base64
import binascii
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from otx.errors import OtxError, UsageError
from otx.model.units import parse_time_unix_nano
from otx.opamp.protocol import Side
from otx.opamp.rules import Transport
from otx.output import to_json
from otx.services.opamp_tap.events import Event, Kind
from otx.services.opamp_tap.observer import WHOLE, Fate
from otx.services.opamp_tap.outbox import Outbox
from otx.streams import Writer, cannot_write

FORM = "opamp-record"
VERSION = 1
IDLE_S = 0.2
"""After so long without an event what was written goes out: a tap that is killed loses no more."""
PIECE = 3 << 16
"""Bytes that become text at a time; three make four letters."""
LONGEST_LINE = 256 << 20
_SIDES = {"tap": None, "agent": Side.CLIENT, "server": Side.SERVER}


class Recorder:
    """Writes events to a file, in a thread of its own."""

    def __init__(self, path: Path, head: dict[str, Any]) -> None:
        """Begin a record.

        Raises:
            OtxError: The file cannot be written.
        """
        self.path = path
        self.outbox = Outbox()
        self.fault: OtxError | None = None
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._file: BinaryIO = io.BufferedWriter(Writer(path, str(path)))
        except OSError as error:
            raise cannot_write(str(path), error) from None
        path.chmod(0o600)
        head = {"kind": "record", "form": FORM, "version": VERSION, **head}
        self._file.write((to_json(head) + "\n").encode())
        self._thread = threading.Thread(target=self._run, name="record")
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and end the record."""
        self.outbox.close()
        self._thread.join()
        try:
            self._file.close()
        except OtxError as error:
            self.fault = self.fault or error

    def _run(self) -> None:
        while not self.outbox.is_done:
            event = self.outbox.take(IDLE_S)
            if self.fault is not None:
                continue
            try:
                if event is None:
                    self._file.flush()
                else:
                    self._write(event)
            except OtxError as error:
                self.fault = error

    def _write(self, event: Event) -> None:
        own = {"time_unix_nano": event.at_ns, "text": event.is_text}
        head = to_json({**event.document(), **own, **event.kept}).removesuffix("}")
        self._file.write(f'{head}, "raw": '.encode())
        if event.data is None:
            self._file.write(b"null}\n")
            return
        # In pieces: the text of a large message would take three times its size.
        self._file.write(b'"')
        for at in range(0, len(event.data), PIECE):
            self._file.write(base64.b64encode(event.data[at : at + PIECE]))
        self._file.write(b'"}\n')


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line of a record.

    Attributes:
        data: The message as its sender sent it: with the header over WebSocket, none over HTTP.
        details: The whole line.
    """

    line: int
    kind: Kind
    at_ns: int
    connection: int
    side: Side | None
    transport: Transport
    data: bytes | None
    is_text: bool
    details: dict[str, Any]

    @property
    def says(self) -> list[str]:
        """Its phrases as they were told."""
        return [str(phrase) for phrase in self.details["says"]]


def read_record(
    file: BinaryIO, name: str, cut_off: Callable[[int], None] = lambda line: None
) -> Iterator[Recorded]:
    """The lines of a record, one after the other.

    Args:
        file: The record.
        name: What it is called in errors.
        cut_off: Called where the last line is not whole, because the tap was killed.

    Raises:
        UsageError: It is no record, or a line of it is damaged; names file and line.
    """
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
        if number > 1 and not line.endswith(b"\n"):
            cut_off(number)
            return
        document = _document(line, name, number)
        if number == 1:
            if document.get("form") != FORM or document.get("version") != VERSION:
                raise UsageError(
                    f"{name} is no record of OpAMP", hint="otx opamp tap --record FILE makes one"
                )
            continue
        try:
            yield _recorded(document, number)
        except (KeyError, ValueError, TypeError, binascii.Error, OtxError) as error:
            raise UsageError(f"{name}:{number}: {_what(error)}") from None


def fate_of(line: Recorded) -> Fate:
    """What faults made of a recorded message."""
    arrivals = line.details.get("arrivals", 1)
    if arrivals == 1:
        return WHOLE
    sent = line.details.get("sent")
    data = None if sent is None else base64.b64decode(sent)
    return Fate(int(arrivals), data, bool(line.details.get("sent_text")))


def _document(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError(f"{name}:{number}: no JSON") from None
    if not isinstance(document, dict):
        raise UsageError(f"{name}:{number}: no JSON object")
    return document


def _recorded(document: dict[str, Any], number: int) -> Recorded:
    _check(document)
    raw = document.get("raw")
    at_ns = document.get("time_unix_nano")
    if at_ns is None:
        at_ns = parse_time_unix_nano(document["time"], 0)
    return Recorded(
        number,
        Kind(document["kind"]),
        int(at_ns),
        int(document["connection"]),
        _SIDES[document["side"]],
        Transport(document["transport"]),
        None if raw is None else base64.b64decode(raw, validate=True),
        bool(document.get("text")),
        document,
    )


def _check(document: dict[str, Any]) -> None:
    """Raise ValueError for what would only be missed later."""
    if not isinstance(document["says"], list):
        raise ValueError("no list of what it says")
    if document["kind"] == Kind.REFUSED.value:
        int(document["status"])
    if document.get("sent") is not None:
        base64.b64decode(document["sent"], validate=True)
    int(document.get("arrivals", 1))
    rules = document.get("broken_rules", [])
    if not all(isinstance(one, dict) and isinstance(one.get("evidence"), str) for one in rules):
        raise ValueError("broken_rules is no list of rules")


def _what(error: Exception) -> str:
    return f"no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
