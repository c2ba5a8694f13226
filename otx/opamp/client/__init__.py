"""The agent's side of OpAMP without I/O: what to send when, and what the server asks for."""
