"""The systemd unit of an agent: started when it is ready, watched, and shut in.

An agent needs its state, its log and the network. What its Collector needs beyond that (to read
/var/log, to listen below 1024) is for the user to open, with `systemctl edit`. Tokens are in no
unit, which everybody may read, and on no command line: systemd reads their file as root and shows
it to the service alone (systemd.exec, credentials).
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

NAME = "otx-agent"
HEADERS = "headers"
CREDENTIAL = f"%d/{HEADERS}"
"""The file of headers on the command line of a unit: `%d` is where its credentials are."""


def headers_file(state: Path) -> Path:
    """Where a unit looks for headers that were not named as a file: beside the agent's state."""
    return state / HEADERS


def how_to_keep(file: Path, names: Iterable[str]) -> Iterator[str]:
    """What has to be done before a unit starts that hands over a file of headers, for people.

    The values stay away: what is printed ends in logs and scrollback.
    """
    lines = " and ".join(f"`{name}: VALUE`" for name in dict.fromkeys(names))
    yield f"the unit reads headers from {file}, which is yours to make, for root alone (0600):"
    yield f"  sudo install -D -m 600 /dev/stdin {shlex.quote(str(file))}"
    yield f"  takes {lines}, a line each, and ends with Ctrl-D"


def unit_text(
    otx: Sequence[str],
    options: Sequence[str],
    state: Path,
    user: str,
    config: str,
    headers: Path | None = None,
) -> str:
    """A unit of Type=notify.

    Args:
        otx: The words that begin a command line of otx.
        options: Those after `otx agent run`; `CREDENTIAL` among them stays as it is.
        headers: The file that is handed over as that credential; None for none.
    """
    command = [*otx, "agent", "run", *options]
    # A reload fails where the local file does; a signal would tell nobody.
    reload = [*otx, "agent", "reload", "--state", str(state)]
    secrets = f"LoadCredential={HEADERS}:{_escaped(str(headers))}\n" if headers else ""
    reads = f"ReadOnlyPaths=-{_quoted(str(Path(config).resolve().parent))}\n" if config else ""
    return _UNIT.format(
        name=NAME,
        command=" ".join(map(_quoted, command)),
        secrets=secrets,
        reload=" ".join(map(_quoted, reload)),
        user=_user(user),
        state=_quoted(str(state)),
        reads=reads,
    )


_UNIT = """\
# /etc/systemd/system/{name}.service
[Unit]
Description=OpAMP agent (otx)
Documentation=https://opentelemetry.io/docs/specs/opamp/
After=network-online.target
Wants=network-online.target
# An agent that cannot start at all is not started for ever.
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
{secrets}ExecReload={reload}
Restart=always
RestartSec=2
# The agent ends what it supervises; what is left after that is ended by systemd.
KillMode=mixed
TimeoutStopSec=30
WatchdogSec=30
{user}
StateDirectory=otx
StateDirectoryMode=0700
UMask=0077
LimitNOFILE=65536

NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={state}
{reads}ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
CapabilityBoundingSet=
AmbientCapabilities=

[Install]
WantedBy=multi-user.target
"""


def _user(user: str) -> str:
    return f"User={user}" if user else "DynamicUser=yes"


def _quoted(word: str) -> str:
    """A word of a unit's command line: `%` and `$` are systemd's own."""
    if word == CREDENTIAL:
        return word
    escaped = _escaped(word.replace("\\", "\\\\").replace("$", "$$").replace('"', '\\"'))
    is_plain = word and not any(letter in word for letter in " \t'\";{}")
    return escaped if is_plain else f'"{escaped}"'


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
