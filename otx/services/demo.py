"""The demo as one thing: shop, receiver and profiler, started together and ended together.

Whatever part cannot run here (BPF not allowed, say) is left out with its reason; the rest goes on.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from otx.environment import Environment
from otx.errors import MachineError
from otx.profile.targets import Target
from otx.services.profiler import LiveProfile, live_profile
from otx.services.receive_process import ReceiverProcess, start_receiver_process
from otx.services.sampling import SamplingRequest
from otx.services.shop.runner import Shop
from otx.system.ports import free_address

GRPC_ADDRESS = ("127.0.0.1", 4317)
HTTP_ADDRESS = ("127.0.0.1", 4318)


@dataclass(frozen=True)
class DemoOptions:
    """How to run the demo.

    Attributes:
        keep: Directory of the store; None for one that goes when the demo ends.
        incident_after_s: When something goes wrong; None for never.
    """

    keep: Path | None = None
    incident_after_s: float | None = None


class Demo:
    """The running demo: a context that leaves no process behind.

    Attributes:
        store_dir: Where the shop's telemetry is kept.
        profile: The running profiler; None where this machine does not allow it.
        profile_missing: Why there is no profiler, and what to do about it.
    """

    store_dir: Path
    receiver: ReceiverProcess
    shop: Shop
    profile: LiveProfile | None = None
    profile_missing: MachineError | None = None

    def __init__(self, environment: Environment, options: DemoOptions) -> None:
        self._environment = environment
        self._options = options
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._start(starting)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def finish_shopping(self) -> None:
        """End the shop, so that everything it has measured is sent and acknowledged."""
        self.shop.close()

    def _start(self, running: ExitStack) -> None:
        scratch = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="otx-demo-")))
        self.store_dir = self._options.keep or scratch / "store"
        self.receiver = start_receiver_process(
            self.store_dir, grpc=free_address(*GRPC_ADDRESS), http=free_address(*HTTP_ADDRESS)
        )
        running.callback(self.receiver.stop)
        endpoint, log = f"http://{self.receiver.http}", scratch / "shop.log"
        self.shop = running.enter_context(Shop(endpoint, log, self._options.incident_after_s))
        sampling = live_profile(self._environment, SamplingRequest(Target(self.shop.pids)))
        try:
            self.profile = running.enter_context(sampling)
        except MachineError as reason:
            self.profile_missing = reason
