"""The server's side of OpAMP without I/O: what it knows of each agent, answers and offers."""
