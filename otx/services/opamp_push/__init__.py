"""A push from the operator's side: what is pushed, what it would change, what becomes of it."""
