"""Why some rules have no check from outside: what it would take to see them."""

SERVER_REASONS = {
    21: "needs the operator: an overloaded server",
    62: "on the wire it is an ordinary reconnect: agents prevent it with a random first number",
}

CLIENT_REASONS = {
    44: "takes an agent whose configuration is larger than its limit",
    49: "no message to an agent has fields that nest",
    57: "needs the operator: change one attribute of the agent's description",
    92: "the order of merging is what the agent's documentation says it is",
    96: "takes a configuration in the agent's own language that widens its permissions",
    97: "needs the operator: start the agent without consent to remote configuration",
    101: "takes a server that changes tokens while the agent is between two connections",
    103: "needs the operator: take the agent's storage away",
    138: "needs the operator: start the agent with the server away, and look at what it runs",
}
"""By rule; every rule has a check or a reason (tests hold both together)."""
