"""One command line for people who run and debug OpenTelemetry."""

__version__ = "0.1.0"
