"""A simulated distributed system: its requests run by discrete events, and the truth is kept."""
