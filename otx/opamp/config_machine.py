"""The agent's configuration loop: a record that survives crashes, moved by `config_table.TABLE`.

The supervisor (`otx.services.agent`) is driven by `ConfigMachine`: it tells what happened and
carries out the actions that come back, each once and in their order. An offer is taken out of its
envelope here and nowhere else. `otx.opamp.config_table` draws the phases.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from otx.opamp.config_table import TABLE, Act, Event, Note, Phase, Process, Row, Status, back
from otx.opamp.effect import Once
from otx.opamp.opamp_pb2 import AgentConfigMap

BASELINE = b""
"""In place of a hash: the local configuration, with nothing from the server on top."""
UNPROVEN_ATTEMPTS = 2
"""How often an offer is tried that never was healthy, starts of the agent in between."""
PROVEN_ATTEMPTS = 5
"""The same for a trial: the end of the agent may be its doing (memory), or the operator's."""
REMEMBERED_FAILURES = 16


@dataclass(frozen=True, slots=True)
class Failure:
    """A hash that failed, and why."""

    hash: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the agent must know after a crash; written as one, atomically.

    Attributes:
        received: The hash received last, b"" before any.
        reason: Why it FAILED, for remote_config_status.error_message.
        candidate: The hash that is being applied or verified, or b"".
        trial: The newest hash that was healthy and is, or was until it was overtaken, under
            observation; or b"".
        good: The newest hash before it that survived its observation, or was well until it was
            overtaken; or `BASELINE`.
        attempts: How often what is under way was begun, starts of the agent included.
        failures: The newest `REMEMBERED_FAILURES`, oldest first, of this run of the agent.
    """

    phase: Phase = Phase.IDLE
    received: bytes = b""
    status: Status = Status.UNSET
    reason: str = ""
    candidate: bytes = b""
    trial: bytes = b""
    good: bytes = BASELINE
    attempts: int = 0
    failures: tuple[Failure, ...] = ()

    def why_failed(self, config_hash: bytes) -> str | None:
        """The reason this hash failed for, or None if it has not."""
        return next((it.reason for it in self.failures if it.hash == config_hash), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A remote configuration as the server sent it."""

    hash: bytes
    config: AgentConfigMap

    @property
    def is_empty(self) -> bool:
        """Whether it lays nothing over the local configuration, as servers send untyped ones.

        That is no order to stop: the local configuration runs, and it is APPLIED.
        """
        return not any(one.body for one in self.config.config_map.values())


@dataclass(frozen=True, slots=True)
class Action:
    """One `Act` with what it needs.

    Attributes:
        record: The record as it is from here on.
        hash: Which configuration the act is about (`BASELINE`: the local one).
        launch: The number by which events of the process are told. With `RUN_*` and `RETRY_GOOD`
            a new one: whatever ran, or waits to, is ended.
        offer: Content to store, with `Act.SAVE` of a new offer.
    """

    act: Act
    record: Record
    hash: bytes = b""
    launch: int = 0
    offer: Once[Offer] | None = None


Actions = list[Once[Action]]


class ConfigMachine:
    """The loop of one agent. It starts from the record on disk; call `start` first.

    Each launch has a number. What is told of an older number is stale and changes nothing: a
    process that was ended for a newer offer is credited to nobody.
    """

    def __init__(
        self, record: Record = Record(), table: Mapping[tuple[Phase, Event], Row] = TABLE
    ) -> None:
        self.record = record
        self._table = table
        self.process = Process.ABANDONED
        self.is_up = False
        self._launch = 0

    def start(self) -> Actions:
        """The agent's process began."""
        kept = tuple(it for it in self.record.failures if it.hash == self.record.received)
        self.record = replace(self.record, failures=kept)
        if self.record.phase in (Phase.IDLE, Phase.REVERTING):
            return self._step(Event.STARTED)
        if self.record.attempts < _attempts_allowed(self.record.phase):
            return self._step(Event.RESUMED)
        reason = f"interrupted {self.record.attempts} times before it had proven itself"
        return self._step(Event.INTERRUPTED, reason=reason)

    def offered(self, envelope: Once[Offer], runs_already: bool = False) -> Actions:
        """An offer arrived; `runs_already`: merged, it is what the process has.

        Raises:
            UsedTwice: the offer was handed in before.
        """
        offer = envelope.take()
        if offer.hash == self.record.received:
            return self._step(Event.SAME_OFFER)
        if self._runs(offer.hash, runs_already):
            return self._step(Event.RUNNING_OFFER, offer=offer)
        known = self.record.why_failed(offer.hash)
        if known is not None:
            return self._step(Event.FAILED_OFFER, reason=known, offer=offer)
        return self._step(Event.NEW_OFFER, offer=offer)

    def offered_again(self, envelope: Once[Offer]) -> Actions:
        """The offer received last, which failed for a reason that was none of its own and is over.

        Raises:
            UsedTwice: the offer was handed in before.
        """
        offer = envelope.take()
        if offer.hash != self.record.received or self.record.status is not Status.FAILED:
            return []
        kept = tuple(it for it in self.record.failures if it.hash != offer.hash)
        self.record = replace(self.record, failures=kept)
        return self._step(Event.NEW_OFFER, offer=offer)

    def validated(self, config_hash: bytes, runs_already: bool = False) -> Actions:
        """Policy and static validation let the candidate pass; `runs_already`: see `offered`."""
        if not self._is_awaited(config_hash):
            return []
        if runs_already and self._runs(config_hash, runs_already):
            return self._step(Event.RUNNING_VALIDATED, config_hash=config_hash)
        return self._step(Event.VALIDATED)

    def refused(self, config_hash: bytes, reason: str) -> Actions:
        """Policy or static validation did not; nothing was launched."""
        return self._step(Event.REFUSED, reason=reason) if self._is_awaited(config_hash) else []

    def up(self, launch: int) -> Actions:
        """The process of this launch runs."""
        if launch != self._launch:
            return []
        self.is_up = True
        return self._step(_UP[self.process]) if self.process in _UP else []

    def down(self, launch: int, reason: str) -> Actions:
        """It could not be launched, ended, is unhealthy, or was not healthy in time."""
        if launch != self._launch:
            return []
        self.is_up = False
        return self._step(_DOWN[self.process], reason=reason)

    def healthy(self, launch: int) -> Actions:
        """The process of this launch was healthy for the whole health window."""
        if launch != self._launch or self.process is not Process.CANDIDATE:
            return []
        return self._step(Event.HEALTHY)

    def survived(self, launch: int) -> Actions:
        """The process of this launch was well for the whole observation window."""
        if launch != self._launch or self.process is not Process.TRIAL:
            return []
        return self._step(Event.SURVIVED)

    def restart(self) -> Actions:
        """The supervised process is to be started anew, with the configuration it has."""
        return self._step(Event.RESTART)

    def _runs(self, config_hash: bytes, runs_already: bool) -> bool:
        hashes = {Process.GOOD: self.record.good, Process.TRIAL: self.record.trial}
        if not self.is_up or self.process not in hashes:
            return False
        return runs_already or config_hash == hashes[self.process]

    def _is_awaited(self, config_hash: bytes) -> bool:
        # `Process.CANDIDATE` in APPLYING: this validation was answered, and led to a launch.
        return config_hash == self.record.candidate and self.process is not Process.CANDIDATE

    def _step(
        self,
        event: Event,
        reason: str = "",
        offer: Offer | None = None,
        config_hash: bytes = b"",
    ) -> Actions:
        row = self._table.get((self.record.phase, event))
        if row is None:
            return []
        acts = row.acts
        told = _Told(offer.hash if offer else config_hash, reason, self.process)
        for note in row.notes:
            self.record = _NOTES[note](self.record, told)
        phase = row.to
        if phase is None:
            phase = back(self.process)
            acts = (*acts, Act.RUN_GOOD) if phase is Phase.REVERTING else acts
        self.record = replace(self.record, phase=phase)
        self._follow(event)
        return [Once(self._action(act, offer)) for act in acts]

    def _follow(self, event: Event) -> None:
        """What the process is from here on, where the event alone says it."""
        if event is Event.HEALTHY:
            self.process = Process.TRIAL
        elif event is Event.SURVIVED:
            self.process = Process.GOOD
        elif (event, self.process) in _OVERTAKEN:
            self.process = Process.ABANDONED
        elif self.process is Process.TRIAL and not self.record.trial:
            self.process = Process.ABANDONED  # it is offered again, and becomes candidate

    def _action(self, act: Act, offer: Offer | None) -> Action:
        if act in (Act.RUN_GOOD, Act.RETRY_GOOD):
            process = Process.TRIAL if self.record.trial else Process.GOOD
            subject = self.record.trial or self.record.good
            return Action(act, self.record, subject, self._begin(process))
        if act is Act.RUN_CANDIDATE:
            launch = self._begin(Process.CANDIDATE)
            return Action(act, self.record, self.record.candidate, launch)
        if act is Act.SAVE:
            return Action(act, self.record, offer=Once(offer) if offer else None)
        subject = self.record.trial if act is Act.OBSERVE else self.record.candidate
        return Action(act, self.record, subject, self._launch)

    def _begin(self, process: Process) -> int:
        self.process = process
        self.is_up = False
        self._launch += 1
        return self._launch


_OVERTAKEN = {(Event.NEW_OFFER, Process.CANDIDATE), (Event.RESTART, Process.TRIAL)}

_UP = {
    Process.GOOD: Event.GOOD_UP,
    Process.CANDIDATE: Event.CANDIDATE_UP,
    Process.TRIAL: Event.TRIAL_UP,
}
_DOWN = {
    Process.GOOD: Event.GOOD_DOWN,
    Process.CANDIDATE: Event.CANDIDATE_DOWN,
    Process.TRIAL: Event.TRIAL_DOWN,
    Process.ABANDONED: Event.ABANDONED_DOWN,
}


class _Told(NamedTuple):
    hash: bytes
    reason: str
    process: Process


def _take(record: Record, told: _Told) -> Record:
    return replace(
        record,
        received=told.hash,
        status=Status.APPLYING,
        reason="",
        candidate=told.hash,
        trial=b"" if record.trial == told.hash else record.trial,
        attempts=1,
    )


def _adopt(record: Record, told: _Told) -> Record:
    is_trial = told.process is Process.TRIAL
    return replace(
        record,
        received=told.hash,
        status=Status.APPLIED,
        reason="",
        candidate=b"",
        trial=told.hash if is_trial else b"",
        good=record.good if is_trial else told.hash,
        failures=tuple(it for it in record.failures if it.hash != told.hash),
    )


def _try(record: Record, told: _Told) -> Record:
    is_newest = record.received == record.candidate
    status = Status.APPLIED if is_newest else record.status
    good = record.trial or record.good
    return replace(record, candidate=b"", trial=record.candidate, good=good, status=status)


def _retry(record: Record, told: _Told) -> Record:
    is_newest = record.received == record.trial
    status = Status.APPLYING if is_newest else record.status
    return replace(record, candidate=record.trial, trial=b"", status=status)


def _fail(record: Record, config_hash: bytes, reason: str) -> Record:
    kept = tuple(it for it in record.failures if it.hash != config_hash)
    failures = (*kept, Failure(config_hash, reason))[-REMEMBERED_FAILURES:]
    record = replace(record, failures=failures)
    if record.received != config_hash:
        return record
    return replace(record, status=Status.FAILED, reason=reason)


_NOTES: dict[Note, Callable[[Record, _Told], Record]] = {
    Note.TAKE: _take,
    Note.ADOPT: _adopt,
    Note.COUNT: lambda record, told: replace(record, attempts=record.attempts + 1),
    Note.TRY: _try,
    Note.RETRY: _retry,
    Note.PROMOTE: lambda record, told: replace(record, good=record.trial, trial=b"", attempts=0),
    Note.FAIL: lambda record, told: replace(
        _fail(record, record.candidate, told.reason), candidate=b""
    ),
    Note.FAIL_TRIAL: lambda record, told: replace(
        _fail(record, record.trial, told.reason), trial=b""
    ),
}


def _attempts_allowed(phase: Phase) -> int:
    return PROVEN_ATTEMPTS if phase is Phase.PROBATION else UNPROVEN_ATTEMPTS
