"""The status of an agent for people: a line a matter, what is wrong in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from otx.services.agent.runner import STARTING

_WORDS = {
    "UNSET": "the server has sent none",
    "APPLIED": "applied",
    "APPLYING": "being applied",
    "FAILED": "FAILED",
}
_PHASES = {
    "applying": "being checked and started",
    "verifying": "being verified",
    "probation": "under observation: a crash now is FAILED",
}
SILENT_NS = 30 * 1_000_000_000
"""An agent that has not written for so long, thrice what it should, does not do well."""
_SHORT = 12
_LONGEST = 160


def status_lines(status: Mapping[str, Any], now_unix_ns: int) -> list[str]:
    """What `otx agent status` prints."""
    lines = [f"agent    {_agent(status, now_unix_ns)}"]
    if "uid" not in status:
        return lines
    lines += _silence(status, now_unix_ns)
    lines.append(f"uid      {status['uid']}")
    if status["state"] == "running":
        lines.append(f"server   {_server(status, now_unix_ns)}")
        lines.append(f"process  {_process(status, now_unix_ns)}")
    lines += _local(status.get("local_file", {}))
    lines += _config(status)
    if status.get("state_problem"):
        lines.append(f"disk     state is NOT WRITTEN, and tried again: {status['state_problem']}")
    lines.append(f"packages {status['packages']}")
    if status["remarks"]:
        lines += ["", "last remarks:", *(f"  {_first_line(one)}" for one in status["remarks"][-5:])]
    return lines


def status_line(status: Mapping[str, Any]) -> str:
    """The status in one line, for `systemctl status`."""
    connection, config = status["connection"], status["remote_config"]
    server = (
        "connected" if connection["since_unix_ns"] else f"not connected: {connection['problem']}"
    )
    what = f"configuration {config['hash'][:_SHORT]} {config['status']}" if config["hash"] else ""
    problem = _first_line(status["process"]["problem"])
    return "; ".join(one for one in (server, what, problem) if one)


def _agent(status: Mapping[str, Any], now_unix_ns: int) -> str:
    if status["state"] == "running":
        for_s = _span(now_unix_ns - status.get("started_unix_nano", now_unix_ns))
        return f"runs for {for_s}, process {status['pid']}"
    if status["state"] == "died":
        return "does not run: it ended without a word"
    return "does not run"


def _silence(status: Mapping[str, Any], now_unix_ns: int) -> Iterator[str]:
    """A warning where the agent does not write any more: what follows may be over long since."""
    silent_ns = now_unix_ns - status.get("written_unix_nano", now_unix_ns)
    if status["state"] == "running" and silent_ns > SILENT_NS:
        yield (
            f"         SILENT for {_span(silent_ns)}: it hangs, is stopped, or its disk is full;"
            " this is how it was then"
        )


def _server(status: Mapping[str, Any], now_unix_ns: int) -> str:
    connection = status["connection"]
    if connection["since_unix_ns"]:
        for_s = _span(now_unix_ns - connection["since_unix_ns"])
        return f"{connection['server']}, connected for {for_s}"
    name = connection["server"] or ", ".join(status["servers"])
    text = f"{name}, NOT connected: {connection['problem']}"
    rest_ns = connection["next_unix_ns"] - now_unix_ns
    return text + (f"; again in {_span(rest_ns)}" if rest_ns > 0 else "") + _goes_on(status)


def _goes_on(status: Mapping[str, Any]) -> str:
    config, process = status["remote_config"], status["process"]
    if process["command"] and not process["started_unix_nano"]:
        return ""
    good, running = config["good"], config["running"]
    kind = "the last good configuration" if running == good else "the configuration"
    return f"; goes on with {kind} {running[:_SHORT]}" if running else f"; goes on with {_name('')}"


def _process(status: Mapping[str, Any], now_unix_ns: int) -> str:
    process = status["process"]
    if not process["command"]:
        return process["problem"] or "none is supervised"
    if not process["started_unix_nano"]:
        text = f"NOT running: {_first_line(process['problem'])}"
        rest_ns = process.get("next_start_unix_nano", 0) - now_unix_ns
        text += f"; again in {_span(rest_ns)}" if rest_ns > 0 else ""
        return text + _restarts(process)
    text = f"{process['command'][0]}, process {process['pid']}"
    text += f", runs for {_span(now_unix_ns - process['started_unix_nano'])}"
    text += _restarts(process)
    problem = _first_line(process["problem"])
    if problem.startswith(STARTING):
        return f"{text}; {problem}"
    return text + (f", UNHEALTHY: {problem}" if problem else "")


def _restarts(process: Mapping[str, Any]) -> str:
    """What tells a process that crashes again and again from one that runs."""
    count = process.get("restarts", 0)
    return f", does NOT stay up: started again {count} times" if count else ""


def _local(file: Mapping[str, Any]) -> Iterator[str]:
    """A line where what runs is not what the local file says."""
    if file.get("goes_on"):
        what = "is REFUSED" if file["outcome"] == "refused" else "does NOT stay up"
        yield f"local    the file {what}: {_first_line(file['reason'])}"
        yield f"           {file['goes_on']}"


def _config(status: Mapping[str, Any]) -> Iterator[str]:
    config = status["remote_config"]
    if not status["allows_remote_config"]:
        yield "config   local only: --allow-remote-config lets the server send some"
        return
    text = _WORDS.get(config["status"], config["status"])
    if config["hash"]:
        text = f"{config['hash'][:_SHORT]} {text}"
    yield f"config   {text}{_progress(config, config['hash'])}"
    yield from (f"           {line}" for line in config["reason"].splitlines())
    candidate = config.get("candidate", "")
    if candidate not in ("", config["hash"]):
        yield f"tries    {candidate[:_SHORT]}{_progress(config, candidate)}"
    yield from _runs(status)
    yield f"good     {_name(config['good'])}"


def _progress(config: Mapping[str, Any], hash_: str) -> str:
    """How far a configuration is, where the phase of the loop is about just this one."""
    phase = config["phase"]
    if phase == "reverting" and hash_ == config["hash"]:
        return ", and what was well before is being started"
    subject = config.get("trial" if phase == "probation" else "candidate", "")
    is_meant = bool(hash_) and subject == hash_
    return f", {_PHASES[phase]}" if is_meant and phase in _PHASES else ""


def _runs(status: Mapping[str, Any]) -> Iterator[str]:
    """What the process has, which after a FAILED is not the newest; nothing where none runs."""
    config, process = status["remote_config"], status["process"]
    is_up = process["started_unix_nano"] or not process["command"]
    if status["state"] != "running" or not is_up:
        return
    running = config["running"]
    is_newest = running and running == config["hash"]
    progress = "" if is_newest else _progress(config, running)
    yield f"runs     {_name(running)}{progress}"


def _name(hash_: str) -> str:
    return hash_[:_SHORT] if hash_ else "the local configuration"


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _span(length_ns: int) -> str:
    seconds = max(0, length_ns) / 1e9
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"
