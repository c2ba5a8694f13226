"""What a set of spans says: trees, orphans, self time."""
