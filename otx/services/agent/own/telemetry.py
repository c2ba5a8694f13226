"""The agent's own metrics, traces and logs, each to where the server offers for it."""

import asyncio
import time
from collections.abc import Callable, Mapping

from otx.opamp.config_machine import Record
from otx.opamp.opamp_pb2 import AgentDescription, TelemetryConnectionSettings
from otx.services.agent.own.destination import Destination
from otx.services.agent.own.logs import Line, logs_request
from otx.services.agent.own.metrics import Usage, metrics_request
from otx.services.agent.own.queue import Queue
from otx.services.agent.own.spans import ConfigSpans, OwnSpan, spans_request

METRICS_EVERY_S = 10.0
"""Recommended by the specification."""


class OwnTelemetry:
    """Sends what the agent has to tell of itself, and nothing before a server asks for it.

    What is waiting is bounded (`queue.LONGEST`), and goes out when there is somewhere to send to.
    """

    def __init__(
        self,
        usages: Callable[[], list[Usage]],
        description: Callable[[], AgentDescription],
        remark: Callable[[str], None],
    ) -> None:
        """Three signals without a destination.

        Args:
            usages: What the agent and its process have used.
            description: Whose telemetry it is.
            remark: Told when a destination does not answer, and when it does again.
        """
        self._usages = usages
        self._description = description
        self._destinations = {
            f"own_{signal}": Destination(signal, remark) for signal in ("metrics", "traces", "logs")
        }
        self._lines: Queue[Line] = Queue(
            self._destinations["own_logs"],
            lambda lines, lost: logs_request(self._description(), lines, lost),
        )
        self._spans: Queue[OwnSpan] = Queue(
            self._destinations["own_traces"],
            lambda spans, lost: spans_request(self._description(), spans, lost),
        )
        self._config_spans = ConfigSpans(self._spans.put)

    def aim(self, offers: Mapping[str, bytes], *, allows_insecure: bool) -> None:
        """Send each signal to where its newest offer, serialized, says."""
        for signal, content in offers.items():
            settings = TelemetryConnectionSettings.FromString(content)
            self._destinations[signal].aim(settings, allows_insecure=allows_insecure)

    def line(self, text: str) -> None:
        """A line that the agent has logged; secrets are out of it."""
        self._lines.put(Line(time.time_ns(), text))

    def changed(self, record: Record) -> None:
        """The record of the configuration may have changed."""
        self._config_spans.changed(record, time.time_ns())

    def state(self) -> dict[str, dict[str, object]]:
        """By signal why the last request failed, and how many items are lost."""
        lost = {"own_traces": self._spans.lost, "own_logs": self._lines.lost}
        return {
            signal: {"problem": one.problem, "lost": lost.get(signal, 0)}
            for signal, one in self._destinations.items()
        }

    async def run(self) -> None:
        """Send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure())
            group.create_task(self._lines.run())
            group.create_task(self._spans.run())

    async def flush(self) -> None:
        """Send what waits, before the agent ends."""
        await asyncio.gather(self._lines.flush(), self._spans.flush())

    async def _measure(self) -> None:
        destination = self._destinations["own_metrics"]
        while True:
            await destination.wait_aimed()
            body = metrics_request(self._description(), self._usages(), time.time_ns())
            await destination.deliver(body)
            await asyncio.sleep(METRICS_EVERY_S)
