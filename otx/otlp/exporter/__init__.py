"""Clients that send OTLP: gRPC and HTTP, one request at a time, and when to try again."""
