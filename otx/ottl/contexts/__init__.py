"""What statements run on: spans, logs, data points and the rest, each with its paths and parents."""
