"""Publishes what threads of a Python program work for, to profilers outside of it."""
