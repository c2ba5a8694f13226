"""Editors and converters, a file a family; importing one registers what is in it."""
