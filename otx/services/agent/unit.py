"""The systemd unit of an agent: started when it is ready, watched, and shut in.

An agent needs its state, its log and the network. What its Collector needs beyond that (to read
/var/log, to listen below 1024) is for the user to open, with `systemctl edit`.
"""

from collections.abc import Sequence
from pathlib import Path

NAME = "otx-agent"


def unit_text(command: Sequence[str], state: Path, user: str, config: str) -> str:
    """A unit of Type=notify; `command` is the whole command line of `otx agent run`."""
    reads = f"ReadOnlyPaths=-{_quoted(str(Path(config).resolve().parent))}\n" if config else ""
    return f"""\
# /etc/systemd/system/{NAME}.service
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
ExecStart={" ".join(map(_quoted, command))}
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=2
# The agent ends what it supervises; what is left after that is ended by systemd.
KillMode=mixed
TimeoutStopSec=30
WatchdogSec=30
{_user(user)}
StateDirectory=otx
StateDirectoryMode=0700
UMask=0077
LimitNOFILE=65536

NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={_quoted(str(state))}
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
    escaped = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"')
    is_plain = word and not any(letter in word for letter in " \t'\";{}")
    return escaped if is_plain else f'"{escaped}"'
