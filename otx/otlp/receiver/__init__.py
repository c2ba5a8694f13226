"""Servers that take OTLP: gRPC and HTTP, in front of one `Intake`."""
