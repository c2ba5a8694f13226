"""A tap between agents and a server: passes on, tells, and breaks what it is told to break."""
