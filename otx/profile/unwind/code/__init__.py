"""Unwind rules of code that no unwind entry tells of, from the code itself."""
