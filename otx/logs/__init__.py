"""What is made of log records: documents, patterns, rates."""
