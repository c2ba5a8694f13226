"""Sampling of running programs: backends, interpreters, symbols."""
