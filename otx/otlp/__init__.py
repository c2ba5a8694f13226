"""OTLP on the wire: codecs, files, the receiving and the sending side."""
