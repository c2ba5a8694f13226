"""The JSON API: what commands, screens and rules ask of the fleet and have it do.

| request | does |
| --- | --- |
| GET status | the server: counts, connections, what was lost |
| GET agents[?selector=S] | every agent as a row |
| GET agents/UID | one agent with health tree, effective configuration, components |
| GET agents/UID/why | why it does not have what it should, and what to do |
| GET pushes[?limit=N], pushes/N | the newest pushes (50), and how far they are |
| POST pushes | begin one (or, with dry_run, say what it would do) |
| POST pushes/N/pause, resume, rollback | change one |
| POST pushes/N/forget | list one no more that was taken back |
| GET configs/HASH | a configuration's objects |
| POST restart | order agents to restart |
| POST forget | forget agents that are gone |
| GET settings, settings/N | connection settings, and how far their agents are |
| POST settings | offer some (or, with dry_run, say to whom): `opamp`, `own_metrics`, … |
| POST settings/N/retire | have settings without agents hold no longer |
| POST agents/UID/message | send a custom message: `capability`, `type`, `data` (hexadecimal) |
| GET audit[?limit=N&since_ns=T&whom=W] | the audit log |

An error is `{"error": message, "hint": hint}` with a status of 4xx, or of 507 where
the change could not be kept: then nothing was changed.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qs

import orjson

from otx import __version__
from otx.bearer import digest_of
from otx.errors import MachineError, NotThere, OtxError, UsageError
from otx.opamp.opamp_pb2 import AgentConfigMap, AvailableComponents, EffectiveConfig
from otx.opamp.server.agent import Agent
from otx.opamp.server.documents import (
    Document,
    agent_document,
    config_map_document,
    health_document,
    push_document,
    settings_document,
)
from otx.opamp.server.finding import find_agent
from otx.opamp.server.operator import Operator, read_wish
from otx.opamp.server.rollouts import Wish
from otx.opamp.server.selector import parse_selector
from otx.opamp.server.settings import Settings
from otx.opamp.server.undo import Undo
from otx.opamp.server.why import why
from otx.services.opamp_serve.app import API_PREFIX, Receive, Scope, Send, header, respond
from otx.services.opamp_serve.components import components_document
from otx.services.opamp_serve.database import open_to_read, read_audit, read_blob
from otx.services.opamp_serve.polling import TooBig, read_body
from otx.services.opamp_serve.station import Station
from otx.services.opamp_serve.tokens import Token, Tokens

MOST_AUDIT_LINES = 10_000
LATEST_PUSHES = 50
ROWS_AT_ONCE = 100
TOKEN_BYTES = 32
LONGEST_REQUEST = 256 << 20
"""Bytes of a request's JSON, in which a configuration is larger than in a message."""
ROOM_FOR_THE_REST = 256
"""Bytes of a message beside the configuration: uid, hash, tags."""
Query: TypeAlias = dict[str, str]
T = TypeVar("T")


class Api:
    """Handles requests of operators."""

    def __init__(self, station: Station, db: Path, path: str, tokens: Tokens | None) -> None:
        """Answer from the fleet in memory, and from `db` what is kept on disk only.

        Args:
            path: Where OpAMP is on this server.
            tokens: What tokens that are made for settings are added to.
        """
        self._station = station
        self._path = path
        self._tokens = tokens
        self._db = db
        self._operator = Operator(station.fleet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, owner: Token) -> None:
        """Answer one request."""
        try:
            status, document = 200, await self._answer(scope, receive, owner)
        except NotThere as error:
            status, document = 404, _error(error)
        except TooBig:
            status, document = 413, {"error": "the request is over the limit", "hint": ""}
        except MachineError as error:
            status, document = 507, _error(error)
        except OtxError as error:
            status, document = 400, _error(error)
        body = orjson.dumps(document)
        await respond(scope, send, status, body, [(b"content-type", b"application/json")])

    async def _answer(self, scope: Scope, receive: Receive, owner: Token) -> Document:
        words = scope["path"].removeprefix(API_PREFIX).strip("/").split("/")
        if scope["method"] == "GET":
            query = {
                name: values[-1]
                for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()
            }
            return await self._read(words, query)
        if scope["method"] != "POST":
            raise UsageError(f"{scope['method']} is neither GET nor POST")
        # A type that browsers do not send across sites without asking first.
        if header(scope, b"content-type").partition(";")[0].strip() != "application/json":
            raise UsageError("the type of a request is application/json")
        body = await read_body(receive, LONGEST_REQUEST)
        return await self._keep(words, _parsed(body), owner, self._own_url(scope))

    async def _keep(self, words: list[str], wanted: Document, owner: Token, url: str) -> Document:
        """Do what is asked; no agent hears of it before it is on the disk.

        Raises:
            MachineError: It cannot be kept; nothing was changed.
        """
        station = self._station
        async with station.deciding:
            undo = Undo(station.fleet)
            try:
                with station.keeper.apart() as changes:
                    document = self._act(words, wanted, owner, url)
            except OtxError:
                undo()
                raise
            if not await station.keeper.settle_apart(changes):
                made = station.fleet.settings.by_number
                undo()
                self._take_tokens(made)
                raise MachineError(
                    f"the fleet cannot be written: {station.keeper.error}",
                    hint="nothing was changed; make room where the server's database is",
                )
        station.wake_due()
        return document

    def _take_tokens(self, made: dict[int, Settings]) -> None:
        """Let nobody in with the tokens of settings that are not there any more."""
        for number in made.keys() - self._station.fleet.settings.by_number.keys():
            if self._tokens is not None:
                self._tokens.take(made[number].token_digest)

    async def _read(self, words: list[str], query: Query) -> Document:
        match words:
            case ["status"]:
                return self._status()
            case ["agents"]:
                return await self._agents(query.get("selector", ""))
            case ["agents", uid]:
                return self._agent(self._find(uid))
            case ["agents", uid, "why"]:
                return self._why(self._find(uid))
            case ["pushes"]:
                limit = _number(query.get("limit", str(LATEST_PUSHES)))
                known = self._station.fleet.rollouts.pushes
                listed = [number for number in sorted(known) if known[number].is_listed]
                numbers = listed[-limit:] if limit else []
                return {"pushes": [one async for one in _in_turns(self._push, numbers, 1)]}
            case ["pushes", number]:
                return self._push(_number(number))
            case ["configs", hash_]:
                return self._config(hash_)
            case ["settings"]:
                book = self._station.fleet.settings.by_number
                return {"settings": [self._settings(book[number]) for number in sorted(book)]}
            case ["settings", number]:
                found = self._station.fleet.settings.by_number.get(_number(number))
                if found is None:
                    raise NotThere(f"there are no settings {number}")
                return self._settings(found)
            case ["audit"]:
                return self._audit(query)
        raise NotThere(f"there is no {'/'.join(words)} in the API")

    def _act(self, words: list[str], wanted: Document, owner: Token, url: str) -> Document:
        now_ns = self._station.clock()
        who = str(wanted.get("who") or owner.name)
        if owner.name != "anyone" and who != owner.name:
            who = f"{who} ({owner.name})"
        match words:
            case ["pushes"]:
                wish = read_wish(wanted, who)
                self._check_size(wish)
                if wanted.get("dry_run"):
                    return self._operator.plan(wish, now_ns)
                return self._push(self._operator.push(wish, now_ns))
            case ["pushes", number, ("pause" | "resume" | "rollback" | "forget") as verb]:
                why_text = str(wanted.get("why", ""))
                self._operator.change(_number(number), verb, who, why_text, now_ns)
                return self._push(_number(number))
            case ["restart"]:
                selector = parse_selector(str(wanted.get("selector", "")))
                return self._operator.restart(selector, who, now_ns)
            case ["forget"]:
                selector = parse_selector(str(wanted.get("selector", "")))
                return self._operator.forget(selector, who, str(wanted.get("why", "")), now_ns)
            case ["settings", number, "retire"]:
                return self._settings(self._operator.retire_settings(_number(number), who, now_ns))
            case ["settings"]:
                return self._offer_settings(wanted, url, who, now_ns)
            case ["agents", uid, "message"]:
                return self._send(self._find(uid), wanted, who, now_ns)
        raise NotThere(f"there is no {'/'.join(words)} to POST to in the API")

    def _check_size(self, wish: Wish) -> None:
        limit = self._station.limits.message_bytes
        size = wish.objects.ByteSize() + ROOM_FOR_THE_REST
        if size > limit:
            raise UsageError(
                f"an offer of {size} bytes is over the limit of {limit} for a message",
                hint="`otx opamp serve --max-message SIZE`; agents have a limit of their own",
            )

    def _own_url(self, scope: Scope) -> str:
        """OpAMP's address on this server, as the operator reaches it."""
        scheme = "wss" if scope["scheme"] == "https" else "ws"
        return f"{scheme}://{header(scope, b'host')}{self._path}"

    def _offer_settings(self, wanted: Document, url: str, who: str, now_ns: int) -> Document:
        opamp = wanted.get("opamp")
        if isinstance(opamp, dict) and opamp.get("rotate_token") and self._tokens is None:
            raise UsageError(
                "rotate_token needs a server that asks for tokens",
                hint="`otx opamp serve --token-file FILE`",
            )
        make_token = partial(secrets.token_urlsafe, TOKEN_BYTES)
        if wanted.get("dry_run"):
            return self._operator.plan_settings(wanted, url, now_ns, make_token, digest_of)
        one = self._operator.offer_settings(wanted, url, who, now_ns, make_token, digest_of)
        if one.token_digest is not None and self._tokens is not None:
            self._tokens.give(one.token_digest, f"settings {one.number}")
        return self._settings(one)

    def _send(self, agent: Agent, wanted: Document, who: str, now_ns: int) -> Document:
        try:
            data = bytes.fromhex(str(wanted.get("data", "")))
        except ValueError:
            raise UsageError("data is hexadecimal") from None
        capability, kind = str(wanted.get("capability", "")), str(wanted.get("type", ""))
        self._operator.send(agent, capability, kind, data, who, now_ns)
        return {"uid": agent.text, "waiting": len(agent.outbox or ())}

    def _settings(self, one: Settings) -> Document:
        """Settings and how far their agents are; what is secret in them is not shown."""
        fleet = self._station.fleet
        agents = fleet.select(lambda agent: one.selector.matches(agent.labels))
        return settings_document(one, agents, fleet.settings, self._station.clock(), fleet.patience)

    def _status(self) -> Document:
        station = self._station
        now_ns = station.clock()
        fleet = station.fleet
        states = [agent.presence(now_ns, fleet.patience) for agent in fleet.agents.values()]
        return {
            "version": __version__,
            "uptime_s": (now_ns - station.started_ns) // 1_000_000_000,
            "agents": {
                "all": len(states),
                **{state: states.count(state) for state in ("connected", "stale", "gone")},
            },
            "websockets": len(station.links),
            "most_websockets": station.most_links,
            "worst_lag_ms": round(max(station.lags_s, default=0.0) * 1e3, 1),
            "counts": dict(sorted(station.counts.items())),
            "commits": station.keeper.commits,
            "disk_error": station.keeper.error or None,
        }

    async def _agents(self, selector_text: str) -> Document:
        selector = parse_selector(selector_text)
        fleet, now_ns = self._station.fleet, self._station.clock()
        chosen = fleet.select(lambda agent: selector.matches(agent.labels))

        def row(agent: Agent) -> Document:
            return agent_document(agent, fleet.rollouts, now_ns, fleet.patience)

        return {"agents": [one async for one in _in_turns(row, chosen, ROWS_AT_ONCE)]}

    def _agent(self, agent: Agent) -> Document:
        fleet = self._station.fleet
        document = agent_document(agent, fleet.rollouts, self._station.clock(), fleet.patience)
        with closing(open_to_read(self._db)) as connection:
            blobs = {
                name: read_blob(connection, agent.uid, name)
                for name in ("effective_config", "components", "health")
            }
        effective = EffectiveConfig.FromString(blobs["effective_config"] or b"")
        return {
            **document,
            "health": health_document(blobs["health"]) if agent.health else None,
            "effective_config": config_map_document(effective.config_map),
            "components": components_document(
                AvailableComponents.FromString(blobs["components"] or b"")
            ),
            "custom_capabilities": list(agent.custom_capabilities),
            "custom_messages": [
                {"capability": one.capability, "type": one.type, "data": one.data.hex()}
                for one in agent.custom_messages or ()
            ],
            "pushes": [push.number for push in fleet.rollouts.holding(agent)],
        }

    def _why(self, agent: Agent) -> Document:
        fleet = self._station.fleet
        now_ns = self._station.clock()
        return why(agent, fleet.rollouts, now_ns, fleet.patience, self._station.refusals)

    def _push(self, number: int) -> Document:
        fleet = self._station.fleet
        push = fleet.rollouts.pushes.get(number)
        if push is None:
            raise NotThere(f"there is no push {number}", hint="`otx opamp push --list` shows all")
        return push_document(
            push,
            fleet.agents.values(),
            fleet.rollouts,
            self._station.clock(),
            fleet.patience,
        )

    def _config(self, text: str) -> Document:
        for hash_, one in self._station.fleet.rollouts.configurations.items():
            if hash_.hex().startswith(text.lower()):
                return {
                    "hash": hash_.hex(),
                    "name": one.name,
                    "version": one.version,
                    "who": one.who,
                    "why": one.why or None,
                    "objects": config_map_document(AgentConfigMap.FromString(one.objects)),
                }
        raise NotThere(f"there is no configuration {text}")

    def _audit(self, query: Query) -> Document:
        limit = min(_number(query.get("limit", "100")), MOST_AUDIT_LINES)
        since_ns = _number(query.get("since_ns", "0"))
        with closing(open_to_read(self._db)) as connection:
            return {"audit": read_audit(connection, limit, since_ns, query.get("whom", ""))}

    def _find(self, text: str) -> Agent:
        return find_agent(self._station.fleet.agents.values(), text)


async def _in_turns(
    make: Callable[[T], Document], items: Sequence[T], at_once: int
) -> AsyncIterator[Document]:
    """Make a document for each item, with agents answered in between: a fleet is a long list."""
    for number, item in enumerate(items, 1):
        yield make(item)
        if number % at_once == 0:
            await asyncio.sleep(0)


def _parsed(body: bytes) -> Document:
    try:
        document: Any = json.loads(body or b"{}")
    except (ValueError, UnicodeDecodeError, RecursionError):
        raise UsageError("the request is no JSON") from None
    if not isinstance(document, dict):
        raise UsageError("the request is no JSON object")
    return document


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise UsageError(f"{text!r} is no number")
    return int(text)


def _error(error: OtxError) -> Document:
    return {"error": error.message, "hint": error.hint}
