"""Stacks to tree to boxes, and boxes as text."""
