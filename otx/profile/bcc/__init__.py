"""Sampling through BCC, for kernels that do not describe their types."""
