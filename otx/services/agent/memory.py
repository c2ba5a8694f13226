"""What an agent remembers over its own end, and how it is written down."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from otx.opamp.config_machine import BASELINE, Failure, Record
from otx.opamp.config_table import Phase, Status
from otx.opamp.not_stored import is_not_stored
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.services.agent.state import TEXTS, StateDirectory


@dataclass(frozen=True, slots=True)
class Memory:
    """The state of an agent as it is on disk.

    Attributes:
        uid: 16 bytes as hex.
        uid_is_assigned: Whether a server gave it.
        offers: Hash of an offer -> name of the text that holds its objects.
        proven: Name of the text that survived its observation window last, or "".
        local: Names of the local texts that passed their health window, newest first, at most two.
        process: The supervised process, as (pid, start time in clock ticks since boot).
        settings: Serialized settings of the connection by role: "current", "candidate".
        settings_hash, settings_status, settings_reason: Of the last offer of settings.
        telemetry: Signal -> serialized settings the server offered last.
    """

    uid: str = ""
    uid_is_assigned: bool = False
    record: Record = field(default_factory=Record)
    offers: dict[bytes, str] = field(default_factory=dict)
    proven: str = ""
    local: tuple[str, ...] = ()
    process: tuple[int, int] | None = None
    settings: dict[str, bytes] = field(default_factory=dict)
    settings_hash: bytes = b""
    settings_status: int = 0
    settings_reason: str = ""
    telemetry: dict[str, bytes] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The state as JSON has it; bytes as hex or, where they are long, base64."""
        record = self.record
        return {
            "uid": self.uid,
            "uid_is_assigned": self.uid_is_assigned,
            "record": {
                "phase": record.phase.value,
                "received": record.received.hex(),
                "status": record.status.value,
                "reason": record.reason,
                "candidate": record.candidate.hex(),
                "trial": record.trial.hex(),
                "good": record.good.hex(),
                "attempts": record.attempts,
                "failures": [[one.hash.hex(), one.reason] for one in record.failures],
            },
            "offers": {key.hex(): name for key, name in self.offers.items()},
            "proven": self.proven,
            "local": list(self.local),
            "process": list(self.process) if self.process else None,
            "settings": {role: _text(one) for role, one in self.settings.items()},
            "settings_hash": self.settings_hash.hex(),
            "settings_status": self.settings_status,
            "settings_reason": self.settings_reason,
            "telemetry": {signal: _text(one) for signal, one in self.telemetry.items()},
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Memory":
        """The state of what `to_json` gave.

        Raises:
            KeyError: Something is missing; the file was written by another version.
            ValueError: Something is no such value.
        """
        if not body:
            return cls()
        record = body["record"]
        process = body["process"]
        return cls(
            uid=str(body["uid"]),
            uid_is_assigned=bool(body.get("uid_is_assigned")),
            record=Record(
                phase=Phase(record["phase"]),
                received=bytes.fromhex(record["received"]),
                status=Status(record["status"]),
                reason=str(record["reason"]),
                candidate=bytes.fromhex(record["candidate"]),
                trial=bytes.fromhex(record["trial"]),
                good=bytes.fromhex(record["good"]),
                attempts=int(record["attempts"]),
                failures=tuple(Failure(bytes.fromhex(it), why) for it, why in record["failures"]),
            ),
            offers={bytes.fromhex(key): str(name) for key, name in body["offers"].items()},
            proven=str(body["proven"]),
            local=tuple(str(name) for name in body.get("local", ())),
            process=(int(process[0]), int(process[1])) if process else None,
            settings={role: _bytes(one) for role, one in body["settings"].items()},
            settings_hash=bytes.fromhex(body["settings_hash"]),
            settings_status=int(body["settings_status"]),
            settings_reason=str(body["settings_reason"]),
            telemetry={signal: _bytes(one) for signal, one in body["telemetry"].items()},
        )


class Keeper:
    """The memory and the folder it is in: each change is on disk when `change` returns.

    A disk that is full, or has become read-only, ends no agent: what runs goes on, changes are
    kept in memory and committed with the next one that can be.

    Attributes:
        problem: Why the last change is not on disk; "" when it is.
    """

    def __init__(self, directory: StateDirectory, remark: Callable[[str], None]) -> None:
        self.directory = directory
        self.memory = Memory.from_json(directory.load())
        self.problem = ""
        self._remark = remark

    def change(self, **changes: Any) -> None:
        """Commit other values of `Memory`'s attributes, all of them or, after a crash, none."""
        changed = replace(self.memory, **changes)
        if changed != self.memory or self.problem:
            self.memory = changed
            self._try(lambda: self.directory.commit(changed.to_json()))

    def save(
        self, record: Record, offer: tuple[bytes, AgentConfigMap] | None, proven: bytes | None
    ) -> None:
        """Commit a record of the configuration loop, the texts that it names before it.

        Args:
            proven: The text that has just survived its observation; None: no other than before.
        """
        offers = dict(self.memory.offers)
        if offer is not None:
            config_hash, config = offer
            name = self._keep(config.SerializeToString(deterministic=True))
            offers = {**offers, config_hash: name} if name else offers
        named = {record.received, record.candidate, record.trial, record.good}
        offers = {key: name for key, name in offers.items() if key in named}
        changes: dict[str, Any] = {"record": record, "offers": offers}
        if proven is not None:
            changes["proven"] = self._keep(proven) or self.memory.proven
        self.change(**changes)
        if not self.problem:
            kept = {*offers.values(), self.memory.proven, *self.memory.local}
            self.directory.forget_texts(kept)

    def prove(self, text: bytes) -> None:
        """Commit that a text has survived its observation."""
        name = self._keep(text)
        if name:
            self.change(proven=name)

    def keep_local(self, texts: tuple[bytes, ...]) -> None:
        """Commit which local texts passed their health window, newest first."""
        names = tuple(self._keep(text) for text in texts)
        if all(names):
            self.change(local=names)

    def local_texts(self) -> list[bytes]:
        """The local texts that passed their health window, newest first; damaged ones are gone."""
        found = (self.directory.text(name) for name in self.memory.local)
        return [text for text in found if text is not None]

    def retry(self) -> None:
        """Write down what could not be; nothing where all is."""
        self.change()

    def holds(self, config: AgentConfigMap) -> bool:
        """Whether the disk takes the content of an offer, which is stored."""
        return bool(self._keep(config.SerializeToString(deterministic=True)))

    def _keep(self, text: bytes) -> str:
        """Store a text; its name, or "" where the disk does not take it."""
        names: list[str] = []
        self._try(lambda: names.append(self.directory.keep_text(text)))
        return names[0] if names else ""

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            problem = f"{self.directory.folder}: {(error.strerror or str(error)).lower()}"
            if problem != self.problem:
                self._remark(f"state cannot be written, and is kept in memory: {problem}")
            self.problem = problem
        else:
            if self.problem:
                self._remark("state can be written again")
            self.problem = ""

    def offered(self, config_hash: bytes) -> AgentConfigMap | None:
        """The objects of an offer; None where they are not there any more."""
        content = self.directory.text(self.memory.offers.get(config_hash, "-"))
        if content is None:
            return None
        config = AgentConfigMap()
        config.ParseFromString(content)
        return config

    def offer_path(self, config_hash: bytes) -> Path:
        """The file that holds the objects of an offer."""
        return self.directory.folder / TEXTS / self.memory.offers.get(config_hash, "-")

    def proven_text(self) -> bytes | None:
        """The text that survived its observation last."""
        return self.directory.text(self.memory.proven) if self.memory.proven else None


def usable_record(keeper: Keeper, remark: Callable[[str], None]) -> Record:
    """The record an agent begins with: without what is lost, so that the server offers it again.

    That is a configuration under way whose content is damaged; a last good one, where what was
    proven is lost too; and an offer that failed because it could not be stored.
    """
    record = keeper.memory.record
    under_way = record.trial if record.phase is Phase.PROBATION else record.candidate
    if under_way and keeper.offered(under_way) is None:
        path = keeper.offer_path(under_way)
        remark(f"{path} is damaged: the configuration {under_way.hex()[:8]} is waited for again")
        record = Record(good=record.good, failures=record.failures)
    again = record.received if is_not_stored(record.reason) else b""
    good = record.good
    if good != BASELINE and keeper.offered(good) is None and keeper.proven_text() is None:
        remark("the last good configuration is damaged; the local one is used until it comes again")
        record = replace(record, good=BASELINE)
        again = again or good
    if again and again == record.received and record.phase is Phase.IDLE:
        failures = tuple(one for one in record.failures if one.hash != again)
        record = replace(record, received=b"", status=Status.UNSET, reason="", failures=failures)
    return record


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
