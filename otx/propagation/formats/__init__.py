"""One format a module: `decode` and `encode` beside each other, and `parts` for drawings."""
