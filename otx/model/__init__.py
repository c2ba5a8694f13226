"""What telemetry is: spans, log records, stacks, and the values they are made of."""
