"""The OpAMP server: WebSocket, polling and a JSON API on one port, the fleet in SQLite."""
