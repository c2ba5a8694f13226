"""The agent's own telemetry, sent where the server says."""
