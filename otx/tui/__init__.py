"""The Textual app over the store and the profiler."""
