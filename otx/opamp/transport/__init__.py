"""How the agent's messages travel: WebSocket or HTTP polling, and how long to wait in between."""
