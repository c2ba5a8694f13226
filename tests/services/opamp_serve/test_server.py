"""The real server in a process of its own, spoken to over its port."""

import gzip
import http.client
import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from otx.cli import run
from otx.environment import Environment
from otx.errors import PeerError, UsageError
from otx.opamp.capabilities import ServerFlag
from otx.opamp.instance_uid import uid_text
from otx.opamp.opamp_pb2 import ServerErrorResponseType, ServerToAgent
from tests.conftest import Terminal
from tests.services.opamp_serve.conftest import StartServing
from tests.services.opamp_serve.messages import FIRST, full, heartbeat, status, uid_of
from tests.services.opamp_serve.serving import Serving, until, wire

BAD_REQUEST = ServerErrorResponseType.ServerErrorResponseType_BadRequest
PROTOBUF = {"Content-Type": "application/x-protobuf"}
PATH = "/v1/opamp"


def request(
    serving: Serving, method: str, path: str, body: bytes = b"", /, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    with closing(http.client.HTTPConnection(serving.api, timeout=30)) as connection:
        connection.request(method, path, body, named)
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()


def poll(serving: Serving, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return request(serving, "POST", PATH, body, **{**PROTOBUF, **headers})


def wish(body: str = "a: 1", selector: str = "", **more: Any) -> dict[str, Any]:
    return {"selector": selector, "objects": {"": {"body": body}}, "name": "c.yaml", **more}


def agents(serving: Serving) -> dict[str, dict[str, Any]]:
    return {agent["uid"]: agent for agent in serving.fleet.agents("")}


def agent(serving: Serving, number: int) -> dict[str, Any]:
    return agents(serving)[uid_text(uid_of(number))]


def test_a_configuration_is_pushed_over_websocket_and_its_status_seen(shared: Serving) -> None:
    serving = shared
    with wire(serving.url) as socket:
        assert socket.ask(full(11, env="pushed")).capabilities & 1
        push = serving.fleet.post("pushes", wish(selector="env=pushed", who="me"))
        offer = socket.hear().remote_config
        assert offer.config_hash.hex() == push["config"]
        assert offer.config.config_map[""].body == b"a: 1"
        answer = socket.ask(status(11, FIRST + 1, "APPLIED", offer.config_hash))
        assert not answer.HasField("remote_config")
        assert agent(serving, 11)["config"]["standing"] == "in_sync"
        assert serving.fleet.get(f"pushes/{push['number']}")["agents"]["applied"] == 1
    found = until(lambda: agent(serving, 11), lambda found: found["state"] == "gone")
    assert found["service"] == "agent-11"


def test_a_configuration_comes_with_the_answer_to_a_poll(shared: Serving) -> None:
    poll(shared, full(12, env="polled").SerializeToString())
    shared.fleet.post("pushes", wish(selector="env=polled"))
    code, headers, body = poll(shared, heartbeat(12, FIRST + 1).SerializeToString())
    assert code == 200
    assert headers["content-type"] == "application/x-protobuf"
    assert ServerToAgent.FromString(body).HasField("remote_config")
    assert agent(shared, 12)["transport"] == "http"


def test_gzip_goes_both_ways(shared: Serving) -> None:
    serving = shared
    packed = gzip.compress(full(13, env="packed").SerializeToString())
    code, headers, _ = poll(serving, packed, Content_Encoding="gzip", Accept_Encoding="gzip")
    assert code == 200
    assert "content-encoding" not in headers, "too small to be worth it"
    serving.fleet.post("pushes", wish("a: 1\n" * 1_000, "env=packed"))
    report = status(13, FIRST + 1, "UNSET", b"").SerializeToString()
    code, headers, body = poll(serving, report, Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert ServerToAgent.FromString(gzip.decompress(body)).HasField("remote_config")
    report = status(13, FIRST + 2, "UNSET", b"").SerializeToString()
    _, headers, body = poll(serving, report, Accept_Encoding="gzip;q=0")
    assert "content-encoding" not in headers
    assert ServerToAgent.FromString(body).HasField("remote_config")


@pytest.mark.parametrize(
    ("method", "path", "headers", "code"),
    [
        ("GET", PATH, {}, 405),
        ("POST", PATH, {"Content_Type": "application/json"}, 415),
        ("POST", PATH, {**PROTOBUF, "Content_Encoding": "br"}, 415),
        ("POST", PATH, {**PROTOBUF, "Content_Encoding": "gzip"}, 400),
        ("POST", PATH, PROTOBUF, 400),
        ("POST", "/elsewhere", PROTOBUF, 404),
        ("GET", "/", {}, 404),
        ("DELETE", "/api/v1/agents", {}, 400),
        ("POST", "/api/v1/pushes", {"Content_Type": "text/plain"}, 400),
        ("GET", "/api/v1/nothing", {}, 404),
        ("GET", "/api/v1/agents?selector=%3D", {}, 400),
        ("GET", "/api/v1/audit?limit=x", {}, 400),
        ("GET", "/api/v1/pushes/7", {}, 404),
    ],
)
def test_what_cannot_be_served_is_refused_by_its_code(
    shared: Serving, method: str, path: str, headers: dict[str, str], code: int
) -> None:
    found, _, body = request(shared, method, path, b"\xff\xff\xff", **headers)
    assert found == code, body
    assert body


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import os

    folder = tmp_path_factory.mktemp("serving")
    variables = {name: text for name, text in os.environ.items() if not name.startswith("OTX_")}
    serving = Serving(folder, {**variables, "HOME": str(folder)}, "--max-message", "1MiB")
    yield serving
    serving.close()


def test_a_body_over_the_limit_is_413_also_when_packed(shared: Serving) -> None:
    assert poll(shared, bytes(1 << 20))[0] == 400
    assert poll(shared, bytes((1 << 20) + 1))[0] == 413
    bomb = gzip.compress(bytes(100 << 20))
    assert poll(shared, bomb, Content_Encoding="gzip")[0] == 413


def test_a_header_that_says_another_uid_is_malformed(shared: Serving) -> None:
    body = full(900).SerializeToString()
    code, _, answer = poll(shared, body, OpAMP_Instance_UID=uid_text(uid_of(901)))
    assert code == 400
    assert ServerToAgent.FromString(answer).error_response.type == BAD_REQUEST
    assert poll(shared, body, OpAMP_Instance_UID=uid_text(uid_of(900)))[0] == 200


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="no header"),
        pytest.param(b"\x80", id="truncated header"),
        pytest.param(b"\x80" * 11, id="endless header"),
        pytest.param(b"\x01" + full(1).SerializeToString(), id="header 1"),
        pytest.param(b"\xac\x02" + full(1).SerializeToString(), id="header 300"),
        pytest.param(b"\x00\x0a\xff", id="truncated varint"),
        pytest.param(b"\x00\x0a\x10abc", id="truncated field"),
        pytest.param(b"\x00" + b"\x0b" * 200, id="groups"),
        pytest.param(b"\x00\x0a\x05short", id="uid of five bytes"),
        pytest.param(b"\x00\x32\x04\x1a\x02\xff\xfe", id="no UTF-8"),
    ],
)
def test_malformed_messages_are_bad_requests_and_change_nothing(
    shared: Serving, data: bytes
) -> None:
    before = agents(shared)
    with wire(shared.url) as socket:
        socket.socket.send(data)
        answer = socket.hear()
        assert answer.error_response.type == BAD_REQUEST
        assert answer.error_response.error_message
        assert not answer.capabilities
        assert socket.ask(full(77)).capabilities, "the connection goes on"
    assert set(agents(shared)) - set(before) <= {uid_text(uid_of(77))}


def test_a_padded_header_is_zero_too(shared: Serving) -> None:
    with wire(shared.url) as socket:
        socket.socket.send(b"\x80\x00" + full(2).SerializeToString())
        assert socket.hear().instance_uid == uid_of(2)


def test_deep_trees_are_refused(shared: Serving) -> None:
    message = full(3)
    health = message.health
    for _ in range(60):
        health = health.component_health_map["x"]
    with wire(shared.url) as socket:
        assert socket.ask(message).error_response.type == BAD_REQUEST


def closed_with(socket: Any) -> int:
    with pytest.raises(ConnectionClosed):
        while True:
            socket.hear()
    code = socket.socket.close_code
    return int(code)


def test_a_text_frame_ends_the_connection(shared: Serving) -> None:
    with wire(shared.url) as socket:
        socket.socket.send("hello")
        assert closed_with(socket) == 1003


def test_a_text_frame_that_is_no_utf_8_ends_it_too(shared: Serving) -> None:
    with wire(shared.url) as socket:
        socket.socket.send(b"\xff\xfe", text=True)
        assert closed_with(socket) == 1007


def test_a_message_over_the_limit_ends_the_connection(shared: Serving) -> None:
    with wire(shared.url) as socket:
        socket.socket.send(b"\x00" + bytes(1 << 20))
        assert closed_with(socket) == 1009
    said = until(lambda: shared.fleet.get("audit"), lambda found: "too large" in str(found))
    assert "127.0.0.1" in str(said)


def test_too_many_malformed_messages_end_the_connection(shared: Serving) -> None:
    with wire(shared.url) as socket:
        for _ in range(20):
            socket.socket.send(b"\x01")
        assert closed_with(socket) == 1008


def test_a_configuration_that_no_message_has_room_for_is_not_pushed(shared: Serving) -> None:
    with wire(shared.url) as socket:
        socket.ask(full(5, size="large"))
        with pytest.raises(UsageError, match="limit"):
            shared.fleet.post("pushes", wish("x" * (1 << 20), "size=large"))


def test_an_offer_over_the_limit_is_discarded_and_counted(start_serving: StartServing) -> None:
    serving = start_serving()
    poll(serving, full(1).SerializeToString())
    serving.fleet.post("pushes", wish("x" * 10_000))
    serving.end()
    serving.arguments = ("--max-message", "8KiB")
    serving.start()
    with wire(serving.url) as socket:
        answer = socket.ask(heartbeat(1, FIRST + 1))
        assert answer.instance_uid == uid_of(1)
        assert not answer.HasField("remote_config")
    code, _, body = poll(serving, full(1, FIRST + 2).SerializeToString())
    assert code == 200
    assert not ServerToAgent.FromString(body).HasField("remote_config")
    assert serving.fleet.get("status")["counts"]["discarded"] == 2
    assert any("over the limit" in line for line in serving.said)


def test_a_message_in_fragments_is_one(shared: Serving) -> None:
    data = b"\x00" + full(6).SerializeToString()
    with wire(shared.url) as socket:
        socket.socket.send([data[:1], data[1:9], data[9:]])
        assert socket.hear().instance_uid == uid_of(6)


def test_a_fast_sender_is_slowed_down_and_answered(shared: Serving) -> None:
    count = 110
    with wire(shared.url) as socket:
        socket.ask(full(7))
        for number in range(1, count):
            socket.send(heartbeat(7, FIRST + number))
        for _ in range(1, count):
            assert socket.hear().instance_uid == uid_of(7)
    assert shared.fleet.get("status")["counts"]["slowed"]


def test_a_second_agent_with_a_uid_is_told_and_both_are_seen(shared: Serving) -> None:
    with wire(shared.url) as one, wire(shared.url) as two:
        one.ask(full(8))
        given = two.ask(full(8, 5)).agent_identification.new_instance_uid
        assert len(given) == 16
        obeys = full(8, 6)
        obeys.instance_uid = given
        assert two.ask(obeys).instance_uid == given
        assert not one.ask(heartbeat(8, FIRST + 1)).HasField("agent_identification")
        found = agents(shared)
        assert found[uid_text(given)]["state"] == "connected"
        assert found[uid_text(uid_of(8))]["state"] == "connected"


def test_a_restart_loses_nothing_and_asks_for_nothing(start_serving: StartServing) -> None:
    serving = start_serving()
    with wire(serving.url) as socket:
        socket.ask(full(1, env="prod"))
        serving.fleet.post("pushes", wish(selector="env=prod"))
        offer = socket.hear().remote_config
        socket.ask(status(1, FIRST + 1, "FAILED", offer.config_hash, "no such receiver"))
    before = agent(serving, 1)
    assert serving.end() == 0
    serving.start()
    after = agent(serving, 1)
    changing = {"state", "connected_since", "last_seen"}
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    with wire(serving.url) as socket:
        answer = socket.ask(heartbeat(1, FIRST + 2))
        assert answer.flags == 0
        assert not answer.HasField("remote_config"), "what failed is never offered again"


def test_what_was_answered_survives_a_kill(start_serving: StartServing) -> None:
    serving = start_serving()
    with wire(serving.url) as socket:
        socket.ask(full(1))
        push = serving.fleet.post("pushes", wish())
        socket.hear()
        socket.ask(status(1, FIRST + 1, "APPLIED", bytes.fromhex(push["config"])))
    serving.end(signal.SIGKILL)
    serving.start()
    found = agent(serving, 1)
    assert found["config"]["standing"] == "in_sync"
    assert found["sequence_num"] == FIRST + 1
    assert [push["number"] for push in serving.fleet.pushes()] == [1]


def test_a_database_that_goes_back_in_time_heals(start_serving: StartServing) -> None:
    serving = start_serving()
    with wire(serving.url) as socket:
        socket.ask(full(1))
        serving.end()
    old = serving.db.with_suffix(".old")
    shutil.copy(serving.db, old)
    serving.start()
    with wire(serving.url) as socket:
        socket.ask(heartbeat(1, FIRST + 1))
        serving.fleet.post("pushes", wish())
        hash_ = socket.hear().remote_config.config_hash
        socket.ask(status(1, FIRST + 2, "APPLIED", hash_))
    serving.end()
    for ending in ("", "-wal", "-shm"):
        Path(f"{serving.db}{ending}").unlink(missing_ok=True)
    shutil.copy(old, serving.db)
    serving.start()
    with wire(serving.url) as socket:
        assert socket.ask(heartbeat(1, FIRST + 3)).flags & ServerFlag.REPORT_FULL_STATE
        report = full(1, FIRST + 4)
        report.remote_config_status.CopyFrom(status(1, 0, "APPLIED", hash_).remote_config_status)
        socket.ask(report)
        serving.fleet.post("pushes", wish("b: 2"))
        why = serving.fleet.why(uid_text(uid_of(1)))
    assert "this database is an older copy" in json.dumps(why)


def test_tokens_guard_both_doors(start_serving: StartServing, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("agent edge agent-token\noperator alice operator-token\n")
    serving = start_serving("--token-file", str(tokens), token="operator-token")
    for token in ("", "wrong-token", "operator-token"):
        with pytest.raises(InvalidStatus) as refused, wire(serving.url, token):
            pass
        assert refused.value.response.status_code == 401
    assert poll(serving, full(1).SerializeToString())[0] == 401
    assert agents(serving) == {}
    with wire(serving.url, "agent-token") as socket:
        socket.ask(full(1))
        for wrong in ("", "agent-token"):
            headers = {"Authorization": f"Bearer {wrong}"} if wrong else {}
            code, found, _ = request(serving, "GET", "/api/v1/agents", **headers)
            assert code == 401
            assert found["www-authenticate"].startswith("Bearer")
    serving.fleet.post("pushes", wish(who="bob"))
    lines = serving.fleet.audit(50, 0, "")
    assert [line["who"] for line in lines if line["what"] == "push"] == ["bob (alice)"]
    refused_lines = [line for line in lines if line["what"] == "refused"]
    assert len(refused_lines) == 1, "an address is told of once in a while"
    until(lambda: agent(serving, 1), lambda found: found["state"] == "gone")
    poll(serving, full(1).SerializeToString(), Authorization="Bearer wrong-token")
    why = serving.fleet.why(uid_text(uid_of(1)))
    assert why["blocked_at"] == "auth"
    tokens.write_text("both carol another-token\n")
    until(
        lambda: request(serving, "GET", "/api/v1/status", Authorization="Bearer another-token")[0],
        lambda code: code == 200,
    )
    with pytest.raises(PeerError, match="token"):
        serving.fleet.agents("")


def test_a_web_page_is_not_let_in(shared: Serving) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example:4320"}):
        code, _, body = request(shared, "GET", "/api/v1/agents", **headers)
        assert code == 401
        assert set(json.loads(body)) == {"error", "hint"}
    with pytest.raises(InvalidStatus), wire(shared.url, origin="http://evil.example"):
        pass


def test_a_token_is_rotated_and_the_old_one_goes_when_all_moved_on(
    start_serving: StartServing, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("both me first-token\n")
    serving = start_serving("--token-file", str(tokens), token="first-token")
    given: list[str] = []
    report = full(1)
    report.capabilities |= 0x8100
    number = FIRST
    for token in ("first-token", *given):
        with wire(serving.url, token) as socket:
            socket.ask(report)
    for _ in range(2):
        token = given[-1] if given else "first-token"
        with wire(serving.url, token) as socket:
            number += 1
            beat = heartbeat(1, number)
            beat.capabilities |= 0x8100
            socket.ask(beat)
            serving.fleet.post("settings", {"selector": "", "opamp": {"rotate_token": True}})
            offers = socket.hear().connection_settings
            assert offers.opamp.destination_endpoint == serving.url
            header = offers.opamp.headers.headers[0]
            given.append(header.value.removeprefix("Bearer "))
        with wire(serving.url, given[-1]) as socket:
            number += 1
            beat = heartbeat(1, number)
            beat.capabilities |= 0x8100
            beat.connection_settings_status.last_connection_settings_hash = offers.hash
            beat.connection_settings_status.status = 1  # type: ignore[assignment]
            assert not socket.ask(beat).HasField("connection_settings")
    until(
        lambda: [one["state"] for one in serving.fleet.get("settings")["settings"]],
        lambda states: states == ["retired", "offered"],
    )
    with pytest.raises(InvalidStatus), wire(serving.url, given[0]):
        pass
    serving.end()
    serving.start()
    with wire(serving.url, given[1]), pytest.raises(InvalidStatus), wire(serving.url, given[0]):
        pass


def test_a_full_server_says_when_to_come_again(start_serving: StartServing) -> None:
    serving = start_serving("--max-agents", "2")
    with wire(serving.url), wire(serving.url):
        with pytest.raises(InvalidStatus) as refused, wire(serving.url):
            pass
        assert refused.value.response.status_code == 503
        assert 30 <= int(refused.value.response.headers["Retry-After"]) <= 60


def test_a_disk_that_takes_nothing_turns_agents_away_until_it_does(
    start_serving: StartServing,
) -> None:
    serving = start_serving()
    with wire(serving.url) as socket:
        socket.ask(full(1))
        with closing(sqlite3.connect(serving.db, isolation_level=None)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            answer = socket.ask(status(1, FIRST + 1, "FAILED", b"x" * 32, "disk full"))
            assert answer.error_response.retry_info.retry_after_nanoseconds >= 30e9
            assert {field.name for field, _ in answer.ListFields()} == {
                "instance_uid",
                "error_response",
            }
            code, headers, _ = poll(serving, heartbeat(2, 1).SerializeToString())
            assert code == 503
            assert int(headers["retry-after"]) >= 30
            locker.execute("ROLLBACK")
        until(lambda: serving.fleet.get("status"), lambda found: not found["disk_error"])
        assert not socket.ask(heartbeat(1, FIRST + 2)).HasField("error_response")
    assert agent(serving, 1)["config"]["status"] == "failed"
    assert any("cannot be written" in line for line in serving.said)


def test_two_servers_share_neither_address_nor_database(
    shared: Serving, environment: Environment
) -> None:
    assert isinstance(environment.stderr, Terminal)
    assert run(["opamp", "serve", "--listen", shared.api], environment) == 5
    assert "in use" in environment.stderr.text
    arguments = ["opamp", "serve", "--listen", "127.0.0.1:0", "--db", str(shared.db)]
    assert run(arguments, environment) == 5
    assert "another server has" in environment.stderr.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--listen", "0.0.0.0:0"), "nothing says who may speak"),
        (("--max-message", "1"), "lets no agent describe itself"),
        (("--listen", "nonsense"), "no address"),
        (("--token-file", "nothing"), "cannot read"),
        (("--client-ca", "ca.pem"), "need --tls-cert"),
        (("--tls-cert", "nothing.pem"), "certificates cannot be used"),
        (("--ca-cert", "x"), "belong together"),
        (("--heartbeat", "10ms"), "at least 1s"),
        (("--path", "opamp"), "cannot be OpAMP's path"),
        (("--listen", "unix:/tmp/x"), "not on a Unix socket"),
        (("--db", "postgres://x/y"), "no database of a fleet"),
    ],
)
def test_bad_options_are_told(
    environment: Environment, arguments: tuple[str, ...], words: str
) -> None:
    assert run(["opamp", "serve", *arguments], environment) == 2
    assert isinstance(environment.stderr, Terminal)
    assert words in environment.stderr.text
