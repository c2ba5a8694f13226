"""How a service treats trace context: what it is sent, what it sends on, which rules it breaks.

A case is a request with headers; what a conforming service sends on follows from the decoder of
this room, so that `decode` and `check` cannot disagree. Nothing here opens a connection.
"""
