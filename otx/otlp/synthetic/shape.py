"""What made-up telemetry looks like, whatever its signal."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Shape:
    """What made-up telemetry looks like.

    Attributes:
        services: Different services.
        depth: Of traces and stacks: how many services or functions call one another in a row.
        errors: Share of traces, log records or counted requests that fail, 0 to 1.
        attributes: Put on every span, log record, data point or sample.
        resource: Put on every resource.
    """

    services: int = 5
    depth: int = 3
    errors: float = 0.05
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
