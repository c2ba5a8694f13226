"""Which agent a person means: uids are long, and service names are not always unlike."""

from collections.abc import Iterable

from otx.errors import NotThere
from otx.model.cells import ELLIPSIS
from otx.opamp.instance_uid import parse_uid
from otx.opamp.server.agent import Agent


def find_agent(agents: Iterable[Agent], text: str) -> Agent:
    """The agent of a uid, or of the beginning of one, or of its end as `…89af`; or of a name.

    Names are those of services and hosts that only one agent has.

    Raises:
        NotThere: None, or more than one, is meant.
    """
    known = list(agents)
    start, _, end = text.lower().partition(ELLIPSIS)
    found = [agent for agent in known if agent.text.startswith(start) and agent.text.endswith(end)]
    if not found:
        named = ("service.name", "host.name", "service.instance.id")
        found = [agent for agent in known if text in map(agent.labels.get, named)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotThere(
            f"{text!r} can be {len(found)} agents", hint="`otx opamp agents` shows their uids"
        )
    try:
        parse_uid(text)
    except ValueError:
        raise NotThere(
            f"no agent is called {text!r}", hint="`otx opamp agents` shows all"
        ) from None
    raise NotThere(
        f"no agent {text} was ever heard here",
        hint="is it given this server's address, and a valid token? Its own log says",
    )
