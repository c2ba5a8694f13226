"""Log lines of well-known forms, each read by its own module."""
