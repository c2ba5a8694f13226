"""The Collector's components that run OTTL: transform, filter, routing, tail sampling."""
