"""Probes of this machine and of processes: what is here, what may be done, how to stop."""
