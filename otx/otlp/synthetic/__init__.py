"""Telemetry made up for load and for trying things: traces, log records, data points."""
