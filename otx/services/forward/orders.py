"""What the forwarding process is told by its parent, on its stdin: a line, and when to end.

Not by arguments, which every user of the machine can read: headers may hold secrets.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from otx.services.forward.destination import Destination, parse_destination
from otx.services.forward.line import Keep

DRAIN = b"drain\n"
"""What the parent says at the end; where its end of the pipe is closed before, it has died."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What to forward.

    Attributes:
        store_dir: The store whose logs are forwarded.
        destinations: Where to, as texts of `--forward`.
        keep: How much is kept for each.
    """

    store_dir: Path
    destinations: Sequence[str]
    keep: Keep

    def parsed(self) -> list[Destination]:
        """The destinations.

        Raises:
            UsageError: One cannot be understood.
        """
        return [parse_destination(text) for text in self.destinations]


def encode_orders(orders: Orders) -> bytes:
    """The line, its end included."""
    document = {
        "store_dir": str(orders.store_dir),
        "destinations": list(orders.destinations),
        "keep_age_ns": orders.keep.age_ns,
        "keep_bytes": orders.keep.bytes,
    }
    return json.dumps(document).encode() + b"\n"


def decode_orders(line: bytes) -> Orders:
    """What the line says.

    Raises:
        ValueError: It is none; the parent is gone.
    """
    try:
        document = json.loads(line)
        return Orders(
            Path(document["store_dir"]),
            [str(text) for text in document["destinations"]],
            Keep(int(document["keep_age_ns"]), int(document["keep_bytes"])),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no orders: {error!r}") from None
