"""Unit tests of OTTL: a YAML file of statements, inputs and what has to come of them."""
