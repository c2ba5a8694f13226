"""What agents say of offers and commands: failures are remembered, everything is written down."""

from collections.abc import Container
from dataclasses import dataclass

from otx.opamp.not_stored import is_not_stored
from otx.opamp.server.agent import Agent, Failure, Progress
from otx.opamp.server.configuration import short_hash
from otx.opamp.server.journal import Journal, about
from otx.opamp.server.offers import judge_status

MOST_STRANGERS = 8
"""Lines about configurations of other servers, an agent: it can make up as many as it likes."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Judges reports that have a status.

    Attributes:
        known: Hashes of configurations that were made here. Of others nothing is remembered: they
            are never offered, and an agent could make up as many as it likes.
    """

    journal: Journal
    known: Container[bytes]

    def of_config(self, agent: Agent, now_ns: int) -> None:
        """Remember failures, and forget those that no longer hold."""
        status = agent.config
        if status.progress is Progress.APPLIED and status.hash in self.known:
            if agent.failures.pop(status.hash, None) is not None:
                self.journal.failure(agent.uid, status.hash, "", now_ns)
            if status.since_ns == now_ns:
                words = short_hash(status.hash)
                self.journal.audit(about(agent, "agent", "applied", words, now_ns))
        failed = judge_status(agent, now_ns)
        if failed is not None and failed[0] in self.known and _is_news(agent, *failed):
            self._remember(agent, *failed, what="")

    def of_stranger(self, agent: Agent, now_ns: int) -> None:
        """Name a configuration that runs and was not made here, once the assignment is known.

        It comes from another server, or from this one before its database was restored.
        """
        status = agent.config
        is_new = status.since_ns == now_ns and status.progress is Progress.APPLIED
        is_known = not status.hash or status.hash in self.known
        if not is_new or is_known or agent.strangers >= MOST_STRANGERS:
            return
        agent.strangers += 1
        follows = "no push here is for it"
        if agent.assigned is not None:
            follows = f"push {agent.assigned}, which holds here, will replace it"
        words = f"it runs a configuration this server does not know: {short_hash(status.hash)}"
        self.journal.audit(about(agent, "agent", "unknown", f"{words}; {follows}", now_ns))

    def of_settings(self, agent: Agent, now_ns: int) -> None:
        """Remember connection settings that failed, which are not offered again."""
        status, offer = agent.settings, agent.settings_offer
        if status.since_ns != now_ns or offer is None or status.hash != offer.hash:
            return
        if status.progress is Progress.APPLIED:
            words = f"settings {short_hash(status.hash)}"
            self.journal.audit(about(agent, "agent", "applied", words, now_ns))
        if status.progress is Progress.FAILED and status.hash not in agent.failures:
            failure = Failure(status.error or "it gave no reason", now_ns)
            self._remember(agent, status.hash, failure, what="settings ")

    def of_restart(self, agent: Agent, now_ns: int) -> None:
        """A restart has no answer of its own: a newer start time is the answer."""
        sent_ns = agent.restart_sent_ns
        if sent_ns and agent.health is not None and agent.health.start_ns > sent_ns:
            took_ms = (agent.health.start_ns - sent_ns) // 1_000_000
            words = f"{took_ms} ms after the command"
            self.journal.audit(about(agent, "agent", "restarted", words, now_ns))
            agent.restart_sent_ns = 0

    def _remember(self, agent: Agent, hash_: bytes, failure: Failure, what: str) -> None:
        agent.failures[hash_] = failure
        self.journal.failure(agent.uid, hash_, failure.reason, failure.at_ns)
        words = f"{what}{short_hash(hash_)}: {failure.reason}"
        self.journal.audit(about(agent, "agent", "failed", words, failure.at_ns))


def _is_news(agent: Agent, hash_: bytes, failure: Failure) -> bool:
    """Whether a failure is the first of its configuration, or the first that is its own fault."""
    before = agent.failures.get(hash_)
    if before is None:
        return True
    return is_not_stored(before.reason) and not is_not_stored(failure.reason)
