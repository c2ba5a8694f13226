"""Whether a configuration may be run at all, asked while what ran before it runs on."""

from collections.abc import Sequence
from pathlib import Path

from otx.errors import OtxError
from otx.opamp.not_stored import NOT_STORED
from otx.opamp.opamp_pb2 import AgentConfigMap
from otx.opamp.signing import PublicKey
from otx.services.agent.checks import why_not, why_untrusted
from otx.services.agent.memory import Keeper
from otx.services.agent.options import Supervised
from otx.services.agent.overlay import Unmergeable, effective_text
from otx.services.agent.parts import OTX, TRANSFORM, read_plan
from otx.services.agent.policy import why_forbidden
from otx.services.agent.runner import CONFIG_PLACE
from otx.services.agent.section import Section
from otx.services.agent.standby import CHECK, Standby
from otx.services.agent.state import write_whole

CANDIDATE = "candidate.yaml"


class Validation:
    """Policy, signatures, and what the process itself says against a configuration."""

    def __init__(
        self,
        keeper: Keeper,
        supervised: Supervised,
        trusted: Sequence[PublicKey],
        environment: dict[str, str],
        standby: Standby | None = None,
    ) -> None:
        self._keeper = keeper
        self._supervised = supervised
        self._trusted = trusted
        self._environment = environment
        self._standby = standby

    def merged(self, base: bytes | None, remote: AgentConfigMap | None) -> bytes | None:
        """The remote objects laid over the local text; None where neither says anything.

        Raises:
            Unmergeable: An object is no configuration.
        """
        is_yaml = self._supervised.is_collector or not self._supervised.run
        return effective_text(base, remote, is_yaml=is_yaml)

    async def why_not(
        self, config_hash: bytes, base: bytes | None, section: Section, *, is_newest: bool
    ) -> str:
        """Why a stored offer is not run over a local text; "" where nothing speaks against it.

        Args:
            is_newest: It has just been offered, so that a content that is gone found no room.
        """
        config = self._keeper.offered(config_hash)
        if config is None:
            problem = self._keeper.problem or ("no room is left" if is_newest else "")
            return f"{NOT_STORED}: {problem}" if problem else "its content is gone"
        reason = why_forbidden(config, section.allowed)
        if not reason and self._trusted:
            reason = await self._why_untrusted(config_hash, section)
        if reason:
            return f"refused: {reason}"
        try:
            text = self.merged(base, config)
        except Unmergeable as error:
            return str(error)
        return await self.why_invalid(text, section)

    async def why_invalid(self, text: bytes | None, section: Section) -> str:
        """What the command that validates says against a text; "" where it, or nobody, does."""
        words = self._supervised.validate
        if not self._supervised.run:
            return await self._why_no_plan(text, section)
        if not words or text is None:
            return ""
        path = self._keeper.directory.folder / CANDIDATE
        try:
            write_whole(path, text)
        except OSError as error:
            return f"{NOT_STORED}: {error.strerror}"
        command = [word.replace(CONFIG_PLACE, str(path)) for word in words]
        return await self._refusal(Path(words[0]).name, command, section)

    async def _why_untrusted(self, config_hash: bytes, section: Section) -> str:
        place, timeout_s = self._keeper.offer_path(config_hash), section.timing.validate_s
        return await why_untrusted(place, self._trusted, self._environment, timeout_s)

    async def _why_no_plan(self, text: bytes | None, section: Section) -> str:
        """The same for otx's own parts: their sections, and the OTTL in them."""
        folder = self._keeper.directory.folder / "candidate"
        folder.mkdir(exist_ok=True, mode=0o700)
        try:
            plan = read_plan(text, folder)
            plan.write(folder)
        except OSError as error:
            return f"{NOT_STORED}: {error.strerror}"
        except OtxError as error:
            return f"it did not pass validation (otx): {error.message}"
        if plan.transform is None:
            return ""
        words = (*OTX, *CHECK, "-f", str(folder / TRANSFORM))
        reason = await self._refusal("otx ottl check", words, section)
        if self._standby is not None:
            self._standby.expect_transforms()
            if reason:
                self._standby.replenish()  # nothing is started now that it would slow down
        return reason

    async def _refusal(self, name: str, words: Sequence[str], section: Section) -> str:
        """What a command that validates says against the configuration that its words name."""
        timeout_s = section.timing.validate_s
        reason = await why_not(words, self._environment, timeout_s, self._standby)
        return f"it did not pass validation ({name}): {reason}" if reason else ""
