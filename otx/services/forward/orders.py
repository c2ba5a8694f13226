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


_FORWARDED_BY = b"forwarded-by "


@dataclass(frozen=True, slots=True)
class Orders:
    """What to forward.

    Attributes:
        store_dir: The store whose logs are forwarded.
        destinations: Where to, as texts of `--forward`.
        keep: How much is kept for each.
        forwarded_by: What is said with each request (`otx.otlp.receiver.loop`).
    """

    store_dir: Path
    destinations: Sequence[str]
    keep: Keep
    forwarded_by: str = ""

    def parsed(self) -> list[Destination]:
        """The destinations.

        Raises:
            UsageError: One cannot be understood.
        """
        return [parse_destination(text) for text in self.destinations]


def encode_forwarded_by(forwarded_by: str) -> bytes:
    """The line that says what is said with each request from now on."""
    return _FORWARDED_BY + forwarded_by.encode() + b"\n"


def decode_forwarded_by(line: bytes) -> str | None:
    """What such a line says; None where it is another one."""
    begins, _, said = line.partition(_FORWARDED_BY)
    return said.strip().decode("ascii", "ignore") if not begins and said else None


def encode_orders(orders: Orders) -> bytes:
    """The line, its end included."""
    document = {
        "store_dir": str(orders.store_dir),
        "destinations": list(orders.destinations),
        "keep_age_ns": orders.keep.age_ns,
        "keep_bytes": orders.keep.bytes,
        "forwarded_by": orders.forwarded_by,
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
            str(document["forwarded_by"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no orders: {error!r}") from None
