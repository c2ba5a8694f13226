"""Trace context in headers: what one says, why another is broken, and the same in other formats.

Every format has a file of its own under `formats`, with its decoder and its encoder beside each
other; `registry` says which header belongs to which. `decoding` puts what all of them found into
one `Decoded`. Nothing here reads a file or writes a line.
"""
