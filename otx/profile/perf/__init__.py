"""Sampling by perf_event_open(2) alone: own processes, without root and without BPF."""
