"""A client certificate of the agent's own, asked for and renewed (specification, CSR flow).

Where the local file says `tls: {request: true}`, the agent makes a key that never leaves it, asks
the server for a certificate, and treats the offer that comes back as it treats other settings:
tried by connecting, then kept. It is renewed when two thirds of its time are over.
"""

import asyncio
import base64
import sys
from collections.abc import Callable

from otx.opamp.instance_uid import InstanceUid, uid_text
from otx.opamp.opamp_pb2 import OpAMPConnectionSettings
from otx.services.agent.checks import ask
from otx.services.agent.memory import Keeper

KEY = "key"
"""Where in the settings the key waits for its certificate."""
LOOK_S = 12 * 3600.0
TIMEOUT_S = 30.0
LARGEST_BYTES = 1 << 16
_MODULE = "otx.services.agent.certificate"
_REQUEST = "-----BEGIN CERTIFICATE REQUEST-----"


class Enrolment:
    """Looks after the agent's certificate."""

    def __init__(
        self,
        keeper: Keeper,
        environment: dict[str, str],
        request: Callable[[bytes], None],
        remark: Callable[[str], None],
    ) -> None:
        """Ask by `request`, which is given a CSR in PEM."""
        self._keeper = keeper
        self._environment = environment
        self._request = request
        self._remark = remark

    async def run(self, uid: Callable[[], InstanceUid]) -> None:
        """Look at once and twice a day, until cancelled."""
        while True:
            if await self._is_due():
                await self.ask_for(uid())
            await asyncio.sleep(LOOK_S)

    async def ask_for(self, uid: InstanceUid) -> None:
        """Make a key and ask for its certificate."""
        words = [sys.executable, "-m", _MODULE, "request", uid_text(uid)]
        made = await ask(words, self._environment, TIMEOUT_S, LARGEST_BYTES)
        key, begin, request = (made or b"").partition(_REQUEST.encode())
        if not begin:
            self._remark("no certificate can be asked for: the package cryptography is missing")
            return
        self._keeper.change(settings={**self._keeper.memory.settings, KEY: key})
        self._request(begin + request)

    def completed(self, settings: OpAMPConnectionSettings) -> OpAMPConnectionSettings:
        """Settings whose certificate comes without a key, with the key that was made for it."""
        key = self._keeper.memory.settings.get(KEY)
        certificate = settings.certificate
        if not certificate.cert or certificate.private_key or key is None:
            return settings
        whole = OpAMPConnectionSettings()
        whole.CopyFrom(settings)
        whole.certificate.private_key = key
        return whole

    async def _is_due(self) -> bool:
        current = self._keeper.memory.settings.get("current")
        if current is None:
            return True
        certificate = OpAMPConnectionSettings.FromString(current).certificate.cert
        if not certificate:
            return True
        words = [sys.executable, "-m", _MODULE, "due", base64.b64encode(certificate).decode()]
        return await ask(words, self._environment, TIMEOUT_S, LARGEST_BYTES) is not None
