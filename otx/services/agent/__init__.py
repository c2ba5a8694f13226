"""The agent as a process: state on disk, the supervised process, the connection to a server."""
