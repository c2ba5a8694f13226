"""OTTL: the OpenTelemetry Transformation Language, as collector-contrib v0.162 evaluates it."""
