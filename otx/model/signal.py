"""The four signals of OpenTelemetry."""

from enum import StrEnum


class Signal(StrEnum):
    """A signal; its value is the word used in command names, file names and tables."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"
    PROFILES = "profiles"
