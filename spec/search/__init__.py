"""Searches every state of the protocol's models in this folder; see ../README.md."""
