"""What runs for long and composes rooms."""
