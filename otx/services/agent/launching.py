"""What a configuration is run as: the command that is supervised, or otx's own parts."""

from pathlib import Path

from otx.services.agent.health import Check, collector_check
from otx.services.agent.options import Supervised
from otx.services.agent.parts import Plan, read_plan
from otx.services.agent.runner import CONFIG_PLACE
from otx.services.agent.section import Section

EFFECTIVE = "effective.yaml"


class Launching:
    """Makes plans for one agent.

    Attributes:
        config_path: Where a process finds the configuration that it is started with.
    """

    def __init__(self, supervised: Supervised, folder: Path) -> None:
        self.config_path = folder / EFFECTIVE
        self._supervised = supervised
        self._folder = folder

    def plan(self, text: bytes | None, section: Section) -> Plan:
        """The plan for a text; without words where there is nothing to run.

        Raises:
            UsageError: It is no configuration of otx's own parts.
            OSError: A file that the plan needs cannot be written.
        """
        if self._supervised.run:
            return Plan(self._words(text), check=self._check(text, section))
        plan = read_plan(text, self._folder)
        plan.write(self._folder)
        return plan

    def why_idle(self, plan: Plan) -> str:
        """Why there is nothing to run, where there should be; else ""."""
        is_missing = bool(self._supervised.run) and not plan.words
        return "there is no configuration to run it with yet" if is_missing else ""

    def _words(self, text: bytes | None) -> tuple[str, ...]:
        if text is None and self._supervised.needs_config:
            return ()
        path = str(self.config_path)
        return tuple(word.replace(CONFIG_PLACE, path) for word in self._supervised.run)

    def _check(self, text: bytes | None, section: Section) -> Check | None:
        if section.health_url:
            return Check.of_url(section.health_url)
        if text is not None and self._supervised.is_collector:
            return collector_check(text)
        return None
