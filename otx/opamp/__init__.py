"""OpAMP, the Open Agent Management Protocol: both sides, without sockets, clocks or files."""
