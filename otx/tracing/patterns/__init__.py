"""What often makes traces slow or odd, a pattern a file, each with its evidence."""
