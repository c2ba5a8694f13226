"""A conformance test for anyone's OpAMP server or agent, from outside.

Every rule of the checklist (`otx.opamp.rules`) that shows on the wire has a small function that
plays the other side: fake agents against a server (`server_*.py`), a fake server against an agent
(`agent_*.py`). A check ends by itself when the peer keeps the rule, and raises otherwise.
"""
