"""CPython seen from outside: where its frames are, and the names and lines of its code."""
