"""Drives the configuration loop: what the machine decides, done to the disk and the process.

`otx.opamp.config_machine` decides; this module does. Nothing is said of a configuration before it
is on disk, and nothing is called APPLIED but what runs and was well for the window.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from otx.errors import OtxError
from otx.opamp.config_machine import BASELINE, Action, Actions, ConfigMachine, Offer
from otx.opamp.config_table import Act, Phase, Process
from otx.opamp.effect import Once
from otx.opamp.not_stored import is_not_stored
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.signing import PublicKey
from otx.services.agent.launching import Launching
from otx.services.agent.local_text import LocalText
from otx.services.agent.memory import Keeper, usable_record
from otx.services.agent.options import Supervised
from otx.services.agent.overlay import Unmergeable
from otx.services.agent.parts import Recurring
from otx.services.agent.policy import why_forbidden
from otx.services.agent.process import Child
from otx.services.agent.recurring import Schedule
from otx.services.agent.redaction import reason_told
from otx.services.agent.reload import (
    FORMER_RUNS_AGAIN,
    FORMER_RUNS_ON,
    NOTHING_BEFORE,
    PASSING,
    UNHEALTHY_RUNS_ON,
    Outcome,
    Reload,
)
from otx.services.agent.runner import STARTING, Order, Runner, Stage
from otx.services.agent.section import Section
from otx.services.agent.standby import Standby
from otx.services.agent.validation import Validation

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
"""Between restarts of a last good process that does not stay up."""
BURST_S, QUIET_S = 1.0, 0.1
"""What overtakes a candidate that young waits for so long whether it is overtaken, too."""
STORE_AGAIN_S = 5.0


class Supervisor:
    """The supervised process and the configuration it has.

    Attributes:
        local: The local file's text that launches are made with, and what stands behind it.
        reload: What became of the local file that was read last.
        text: What the process runs with, or ran with last; None before any.
        restarts: How often it was started again since it stayed up last.
        next_start_unix_ns: When it is, or was, started again.
    """

    def __init__(
        self,
        keeper: Keeper,
        supervised: Supervised,
        section: Section,
        trusted: tuple[PublicKey, ...],
        environment: dict[str, str],
        *,
        base: bytes | None,
        expects_offers: bool,
        on_change: Callable[[], None],
        on_remark: Callable[[str], None],
        on_output: Callable[[bytes], None],
    ) -> None:
        self.keeper = keeper
        self.local = LocalText(keeper, base)
        self.local.ran_with = keeper.memory.record.trial or keeper.memory.record.good
        self.reload = Reload()
        self.section = section
        self.text: bytes | None = None
        self.machine = ConfigMachine(usable_record(keeper, on_remark))
        self.is_stopping = False
        self._trusted = trusted
        is_offered_parts = expects_offers and not supervised.run
        self._standby = Standby(environment, on_output) if is_offered_parts else None
        self._validation = Validation(keeper, supervised, trusted, environment, self._standby)
        self._on_change = on_change
        self._on_remark = on_remark
        self._on_output = on_output
        self._texts: dict[int, bytes | None] = {}
        self._broken: bytes | None = None
        self._is_substitute = False
        self.restarts = 0
        self.next_start_unix_ns = 0
        self._told = ""
        self._newest: Offer | None = None
        self._schedule = Schedule(environment, on_remark)
        self._recurring: tuple[int, list[Recurring]] = (0, [])
        self._validating: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None
        self._launched: Action | None = None
        self._candidate_since_s = -BURST_S
        self._is_decided = asyncio.Event()
        self._health_changed = asyncio.Event()
        self._launching = Launching(supervised, keeper.directory.folder)
        self.runner = Runner(
            self._launching.config_path,
            environment,
            section.timing,
            self,
            on_output,
            self._note_process,
            self._standby,
        )

    async def run(self) -> None:
        """Run until cancelled; `stop` ends the process then."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self.runner.run())
            group.create_task(self._store_again())
            self._do(self.machine.start())

    async def stop(self) -> None:
        """End the process; the record stays as it is, so that the next start takes it up."""
        self.is_stopping = True
        self._schedule.end()
        await self.runner.stop()

    def offered(self, envelope: Once[Offer]) -> None:
        """The server assigns a configuration."""
        offer = envelope.take()
        self._newest = offer
        # What has to be verified takes the long way, and may be found to run at its end.
        runs_already = (
            not self._trusted
            and self._runs(offer.config)
            and not why_forbidden(offer.config, self.section.allowed)
        )
        self._do(self.machine.offered(Once(offer), runs_already))

    def restart(self) -> None:
        """Start the process anew, with the configuration it has."""
        self._do(self.machine.restart())

    @property
    def running_hash(self) -> bytes:
        """The offer whose configuration runs; `BASELINE` for the local one, or for none."""
        record = self.machine.record
        if self.machine.process is Process.GOOD and self._is_substitute:
            return BASELINE  # what was proven runs in place of last good, and has no hash any more
        return {
            Process.GOOD: record.good,
            Process.TRIAL: record.trial,
            Process.CANDIDATE: record.candidate,
        }.get(self.machine.process, BASELINE)

    async def rebase(self, base: bytes | None, section: Section) -> None:
        """Take over another local file once no offer waits for its verdict; see `reload`."""
        self.section = section
        self.runner.timing = section.timing
        await self._is_decided.wait()
        running = self.running_hash
        try:
            text = self._validation.merged(base, self.keeper.offered(running))
        except Unmergeable as error:
            self.refuse_local(str(error))
            return
        if self.text is not None and text == self.text:
            self.local.take_over_same(base)
            self._tell_unchanged()
            return
        reason = await self._validation.why_invalid(text, section)
        if reason:
            self.refuse_local(reason)
            return
        self.local.take_over(base, running)
        self._broken = None
        self.restart()

    def reload_begins(self) -> None:
        """The local file is about to be read."""
        self.reload = Reload(time.monotonic_ns())

    def refuse_local(self, reason: str) -> None:
        """The local file is missing or cannot be used: nothing was done with it."""
        self._on_remark(f"the local configuration is not taken: {reason}; {FORMER_RUNS_ON}")
        self._note_reload(Outcome.REFUSED, reason, FORMER_RUNS_ON)

    # What the runner tells (`runner.Listener`).

    def up(self, launch: int) -> None:
        """It runs."""
        self.text = self._texts.get(launch, self.text)
        if self._recurring[0] == launch and self._group is not None:
            self._schedule.follow(self._recurring[1], self._group)
        self._do(self.machine.up(launch))
        if self.machine.process is Process.GOOD:
            # An edited file is given up that is not well in time; what else is there runs on.
            is_edit = not self.local.is_proven and not self.local.is_verified
            is_on_trial = is_edit and not self._is_substitute
            self.runner.watch(launch, Stage.WINDOW if is_on_trial else Stage.SETTLING)
        elif self.machine.process is Process.CANDIDATE:
            self.runner.watch(launch, Stage.WINDOW)  # also of one that is run again by `_goes_back`

    def down(self, launch: int, reason: str) -> None:
        """It ended or is not well."""
        if self.is_stopping:
            return
        if launch == self._latest and self._goes_back(reason):
            return
        text = self._texts.get(launch)
        if launch == self._latest and self._is_unproven_good(text):
            self._broken = text
            self._on_remark("what was to run does not stay up; what was proven before it is used")
            self._note_reload(Outcome.FAILED, reason, FORMER_RUNS_AGAIN)
        elif launch == self._latest and self._is_file_to_blame():
            self._note_reload(Outcome.FAILED, reason, NOTHING_BEFORE)
        self._do(self.machine.down(launch, reason_told(reason)))

    def healthy(self, launch: int) -> None:
        """It was well for the window."""
        if launch == self._latest and not self._is_substitute:
            self.local.verified()
            if self.reload.goes_on in PASSING:
                self._note_reload(Outcome.RUNS)
        if self.machine.process is Process.GOOD:
            self.runner.watch(launch, Stage.SETTLING)
        self._newest = None
        self._do(self.machine.healthy(launch))

    def survived(self, launch: int) -> None:
        """It was well for the observation."""
        self.restarts = 0
        if not self._is_substitute:
            self.local.survived()
        self._do(self.machine.survived(launch))
        if self.machine.is_up and self.text is not None and self.machine.record.trial == b"":
            self.keeper.prove(self.text)
        self._on_change()  # an operator waits for what is good now

    def changed(self) -> None:
        """Its health may be another."""
        self._health_changed.set()
        order, problem = self.runner.running, self.runner.problem
        is_sick = order is not None and bool(order.words and problem)
        is_late = is_sick and not problem.startswith(STARTING) and not self.runner.is_verified
        if is_late and self.local.is_proven and self._is_file_to_blame():
            self._note_reload(Outcome.FAILED, problem, UNHEALTHY_RUNS_ON)
        self._on_change()

    # What the machine decides.

    def _do(self, actions: Actions) -> None:
        for envelope in actions:
            action = envelope.take()
            self._DOES[action.act](self, action)
        if self.machine.record.phase in (Phase.IDLE, Phase.PROBATION):
            self._is_decided.set()
        else:
            self._is_decided.clear()

    def _save(self, action: Action) -> None:
        offer = action.offer.take() if action.offer is not None else None
        before = self.keeper.memory.record
        # A trial that was overtaken is last good without having survived: that proves no text.
        is_promoted = action.record.good != before.good and not action.record.trial
        self.keeper.save(
            action.record,
            (offer.hash, offer.config) if offer is not None else None,
            self.text if is_promoted else None,
        )

    def _report(self, action: Action) -> None:
        record = action.record
        told = f"configuration {record.received.hex()[:12]} is {record.status.name}"
        if record.received and told != self._told:
            self._told = told
            self._on_remark(f"{told}: {record.reason}" if record.reason else told)
        self._on_change()

    def _validate(self, action: Action) -> None:
        if self._validating is not None:
            self._validating.cancel()
        if self.machine.process is Process.ABANDONED:
            self.runner.withdraw()  # a candidate that waits for its turn is overtaken already
        if self._group is not None:
            self._validating = self._group.create_task(self._judge(action.hash))

    async def _judge(self, config_hash: bytes) -> None:
        is_newest = self._newest is not None and self._newest.hash == config_hash
        reason = await self._validation.why_not(
            config_hash, self.local.current, self.section, is_newest=is_newest
        )
        if reason:
            self._do(self.machine.refused(config_hash, reason_told(reason)))
        elif self.machine.is_up and await self._runs_after_all(config_hash):
            self._do(self.machine.validated(config_hash, runs_already=True))
        else:
            if time.monotonic() < self._candidate_since_s + BURST_S:
                await asyncio.sleep(QUIET_S)
            self._do(self.machine.validated(config_hash))

    def _run_candidate(self, action: Action) -> None:
        self._launched = action
        self._candidate_since_s = time.monotonic()
        try:
            text = self._merged(self.keeper.offered(action.hash))
        except Unmergeable as error:
            self._do(self.machine.down(action.launch, reason_told(str(error))))
            return
        self._is_substitute = False
        self._order(action.launch, text)

    def _run_good(self, action: Action) -> None:
        self._launched = action
        if self.machine.process is Process.TRIAL:
            self._run_trial(action)
            return
        self._order(action.launch, self._good_text(action.hash))

    def _run_trial(self, action: Action) -> None:
        remote = self.keeper.offered(action.hash)
        if remote is None:
            self._do(self.machine.down(action.launch, "its content is gone"))
            return
        self._run_candidate(action)

    def _retry_good(self, action: Action) -> None:
        self._launched = action
        pause_s = min(FIRST_PAUSE_S * 2 ** min(self.restarts, 20), LONGEST_PAUSE_S)
        self.restarts += 1
        self.next_start_unix_ns = time.time_ns() + round(pause_s * 1e9)
        why = self.runner.problem.partition("\n")[0]
        self._on_remark(
            f"the process is down: {why}; start {self.restarts} after that in {pause_s:g} s"
        )
        self._order(action.launch, self._good_text(action.hash), pause_s)

    def _watch(self, action: Action) -> None:
        self.runner.watch(action.launch, Stage.WINDOW)

    def _observe(self, action: Action) -> None:
        self.runner.watch(action.launch, Stage.OBSERVATION)

    _DOES = {  # noqa: RUF012 (a table)
        Act.SAVE: _save,
        Act.REPORT: _report,
        Act.VALIDATE: _validate,
        Act.RUN_CANDIDATE: _run_candidate,
        Act.RUN_GOOD: _run_good,
        Act.RETRY_GOOD: _retry_good,
        Act.WATCH: _watch,
        Act.OBSERVE: _observe,
    }

    # How.

    @property
    def _latest(self) -> int:
        return max(self._texts, default=0)

    def _order(self, launch: int, text: bytes | None, pause_s: float = 0.0) -> None:
        self._texts = {**dict(list(self._texts.items())[-1:]), launch: text}
        try:
            plan = self._launching.plan(text, self.section)
        except (OtxError, OSError) as error:
            # Nobody validated it: a local file, or a disk that is full by now.
            self._fail_later(launch, str(error), max(pause_s, FIRST_PAUSE_S))
            return
        if plan.has_transform and self._standby is not None:
            self._standby.expect_transforms()
        self._recurring = (launch, plan.recurring)
        why_idle = self._launching.why_idle(plan)
        if why_idle:
            self._on_remark(why_idle)
        at_s = time.monotonic() + pause_s
        self.runner.order(Order(launch, text, plan.words, plan.check, at_s, why_idle))

    def _fail_later(self, launch: int, reason: str, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(pause_s, lambda: self.down(launch, reason))

    def _goes_back(self, reason: str) -> bool:
        """Run the launch again over the former local text, if the present one is to blame.

        That is one that was never well for the window, or that did not stay up with the remote
        configuration that ran when it was taken over. No offer fails for a local edit.
        """
        local, launched = self.local, self._launched
        if local.is_proven or launched is None or self._is_substitute:
            return False
        if local.is_verified and launched.hash != local.ran_with:
            return False
        first_line = reason.partition("\n")[0]
        self._on_remark(f"the local file does not stay up: {first_line}; {FORMER_RUNS_AGAIN}")
        local.give_way()
        self._note_reload(Outcome.FAILED, reason, FORMER_RUNS_AGAIN)
        self.machine.is_up = False  # until it is told of the next start
        if launched.act is Act.RUN_CANDIDATE:
            self._run_candidate(launched)
        else:
            self._run_good(launched)
        return True

    def _is_file_to_blame(self) -> bool:
        """Whether what ended tells something of the local file, and not of one night's crash."""
        is_open = self.reload.outcome is Outcome.PENDING or not self.local.is_verified
        return self.machine.process is Process.GOOD and is_open

    def _tell_unchanged(self) -> None:
        """The file comes to what is there: what becomes of that is its outcome, too."""
        if self.runner.is_verified:
            self._note_reload(Outcome.UNCHANGED)
        elif self.runner.running is None:
            self.restart()

    def _note_reload(self, outcome: Outcome, reason: str = "", goes_on: str = "") -> None:
        found = Reload(self.reload.begun_ns, outcome, reason_told(reason), goes_on)
        if found != self.reload:
            self.reload = found
            self._on_change()

    def _merged(self, remote: AgentConfigMap | None) -> bytes | None:
        return self._validation.merged(self.local.current, remote)

    def _good_text(self, config_hash: bytes) -> bytes | None:
        """Last good laid over the local file; what was proven where that cannot be run."""
        remote = self.keeper.offered(config_hash)
        proven = self.keeper.proven_text()
        self._is_substitute = proven is not None
        if remote is None and config_hash != BASELINE:
            if proven is not None:
                self._on_remark("the last good configuration is damaged; what was proven is used")
                return proven
            self._on_remark("the last good configuration is damaged; the local one is used")
            self.machine.record = replace(self.machine.record, good=BASELINE)
        try:
            text = self._merged(remote)
        except Unmergeable as error:
            self._on_remark(f"the local configuration is not used: {error}")
            return proven
        self._is_substitute = proven is not None and text == self._broken
        return proven if self._is_substitute else text

    def _is_unproven_good(self, text: bytes | None) -> bool:
        """Whether a last good configuration fails because the local file under it changed."""
        proven = self.keeper.proven_text()
        is_good = self.machine.process is Process.GOOD
        return is_good and proven is not None and text is not None and text != proven

    def _runs(self, config: AgentConfigMap) -> bool:
        """Whether an offer comes to what runs and was verified."""
        return self.runner.is_verified and self._comes_to_the_same(config)

    def _comes_to_the_same(self, config: AgentConfigMap) -> bool:
        try:
            return self.text is not None and self._merged(config) == self.text
        except Unmergeable:
            return False

    async def _runs_after_all(self, config_hash: bytes) -> bool:
        """The same of an offer that is stored; what was just started gets its time for that."""
        config = self.keeper.offered(config_hash)
        if config is None or not self._comes_to_the_same(config):
            return False
        timing = self.section.timing
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timing.health_s + timing.window_s):
                while self.machine.is_up and not self.runner.is_verified:
                    self._health_changed.clear()
                    await self._health_changed.wait()
        return self._runs(config)

    async def _store_again(self) -> None:
        """Write down what a full disk did not take, and try the offer again that failed by it."""
        while True:
            await asyncio.sleep(STORE_AGAIN_S)
            self.keeper.retry()
            offer, record = self._newest, self.machine.record
            if offer is None or not is_not_stored(record.reason) or self.keeper.problem:
                continue
            if self.keeper.holds(offer.config):
                self._do(self.machine.offered_again(Once(offer)))

    def _note_process(self, child: Child | None) -> None:
        process = (child.pid, child.started_ticks) if child is not None else None
        self.keeper.change(process=process)
