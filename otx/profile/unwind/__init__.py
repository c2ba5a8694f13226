"""From a thread's registers to its callers, by the tables that compilers leave (.eh_frame)."""
