"""What a run did: what failed, what was dropped, and where records went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from otx.model.frozen import Frozen
from otx.ottl.batch import Batch
from otx.ottl.processors.drops import Drops
from otx.ottl.program import Outcome


class Sent(Frozen):
    """What a connector sent to a pipeline.

    Attributes:
        body: A request.
        items: The items it was made of, in its order; one may stand there in parts.
        parts: For each of them the indexes of those data points that were sent; None for all.
    """

    pipeline: str
    body: bytes
    items: Sequence[Any]
    parts: Sequence[Sequence[int] | None]


class Exit(Frozen):
    """Where records leave a plan for good.

    Attributes:
        pipeline: Its name; "" where there is none.
        depth: How many pipelines they came through before it.
        batch: What leaves.
    """

    pipeline: str
    depth: int
    batch: Batch


@dataclass(slots=True)
class Report:
    """What a run did.

    Attributes:
        outcome: Failures.
        drops: Records that each rule of each filter dropped.
        keeps_contents: Whether `routes` is filled, which costs a serialization a pipeline.
        routes: What each pipeline held after its processors, and what was routed to pipelines that
            are not there; one request a batch. "" is for what went through no pipeline.
        by_row: Items that each row of a routing table took.
        batches: Requests that were run.
        items: Spans, metrics, log records or profiles in them.
        exits: Of the last request: where it leaves for good. Where a failure stopped the run, with
            what is there by then.
        copies: Of the last request: items that connectors made, each with the one that came.
        parts: Of the copies that have some data points of a metric alone, by id: which ones.
        sent: What a connector sent and no pipeline has taken yet.
        begun: The pipeline whose processors run, and on what.
        pipeline: The one in which the component stands that runs.
    """

    outcome: Outcome = field(default_factory=Outcome)
    drops: Drops = field(default_factory=Drops)
    keeps_contents: bool = False
    routes: dict[str, list[bytes]] = field(default_factory=dict)
    by_row: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    items: int = 0
    exits: list[Exit] = field(default_factory=list)
    copies: list[tuple[Any, Any]] = field(default_factory=list)
    parts: dict[int, Sequence[int]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    begun: tuple[str, Batch] | None = None
    pipeline: str = ""

    @property
    def leaving(self) -> list[Batch]:
        """Of the last request: what leaves its pipelines for good."""
        return [one.batch for one in self.exits]

    def begin(self, batch: Batch) -> None:
        """Count a request that is run."""
        self.batches += 1
        self.items += sum(len(scope.items) for scope in batch.scopes())
        self.exits = []
        self.copies = []
        self.parts = {}
        self.sent = []
        self.begun = None

    def hold(self, pipeline: str, body: bytes) -> None:
        """Take down what a pipeline holds, where that is wanted."""
        self.routes.setdefault(pipeline, []).append(body)

    def hold_begun(self) -> None:
        """Take down what the pipeline holds that a failure stopped."""
        if self.keeps_contents and self.begun is not None:
            name, batch = self.begun
            self.hold(name, batch.close())
            self.begun = None

    def take_copies(self) -> list[tuple[Any, Any]]:
        """The copies that were made since this was asked last."""
        taken, self.copies = self.copies, []
        return taken

    def close(self) -> bytes:
        """What leaves the pipelines, as one request.

        Raises:
            ExecutionError: Statements made something of it that OTLP has no way to write.
        """
        return b"".join(one.close() for one in self.leaving)
