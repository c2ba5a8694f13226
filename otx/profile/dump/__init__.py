"""Where every thread of a process is at one moment, without stopping any of them."""
