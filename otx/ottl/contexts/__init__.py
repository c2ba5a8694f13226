"""What statements run on: spans, logs, data points and others, each with paths and parents."""
