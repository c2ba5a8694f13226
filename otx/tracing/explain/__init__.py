"""All that can be said of one trace on one screen, each statement with its evidence."""
