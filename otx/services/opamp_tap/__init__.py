"""A tap between agents and a server: passes all on, tells what it means, breaks what it is told to."""
