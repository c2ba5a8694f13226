"""The forms a profile is written in."""
