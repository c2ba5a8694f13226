"""Containers by id: the control group that a runtime made for one.

Runtimes put a container's id of 64 hex digits into the name of its group, each in its own way:

    docker       /docker/ID, /system.slice/docker-ID.scope
    containerd   /k8s.io/ID, /system.slice/nerdctl-ID.scope
    podman       /machine.slice/libpod-ID.scope, /libpod_parent/libpod-ID
    kubelet      /kubepods/burstable/podUID/ID, …/kubepods-…slice/cri-containerd-ID.scope,
                 …/crio-ID.scope, …:cri-containerd:ID

Whatever stands before the id, it is the last part of the name. Podman's and CRI-O's `conmon` groups
hold the container's guard, not the container.
"""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from otx.errors import UsageError
from otx.profile.cgroups import Cgroup, Hierarchy, pids_below, read_hierarchies, walk_groups

_GROUP = re.compile(r"(?:.*[-/:])?(?P<id>[0-9a-f]{64})(?:\.scope)?")
_GUARD = "conmon"
_SCHEME = re.compile(r"[a-z-]+://")
_HEX = re.compile(r"[0-9a-f]{1,64}")
_SHORT = 12
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Container:
    """A container that runs."""

    id: str
    cgroup: Cgroup


def container_id(group_name: str) -> str | None:
    """The id in the name of a container's group; None where it is no container's."""
    match = _GROUP.fullmatch(group_name)
    return None if match is None or _GUARD in group_name else match["id"]


def list_containers(hierarchies: list[Hierarchy] | None = None) -> list[Container]:
    """Every container with its group, in version 2 where it has one there, by id.

    A container's group may have others of containers below it (docker in docker).
    """
    known = read_hierarchies() if hierarchies is None else hierarchies
    found: dict[str, Container] = {}
    for hierarchy in known:
        for folder in walk_groups(hierarchy.mount):
            name = container_id(folder.name)
            if name is None or name in found:
                continue
            try:
                group = Cgroup(folder.stat().st_ino, hierarchy.number, folder)
            except FileNotFoundError:
                continue
            found[name] = Container(name, group)
    return [found[name] for name in sorted(found)]


def find_container(prefix: str, hierarchies: list[Hierarchy] | None = None) -> Container:
    """The container whose id begins so.

    Args:
        prefix: As docker, podman and crictl show ids; also with a scheme before it as in
            Kubernetes' status (`containerd://ID`).
        hierarchies: Those to look in; None for the machine's.

    Raises:
        UsageError: There is none, or several; those there are stand in the hint.
    """
    wanted = _SCHEME.sub("", prefix.strip(), count=1).lower()
    containers = list_containers(hierarchies)
    if not _HEX.fullmatch(wanted):
        raise UsageError(
            f"{prefix!r} is no container id: hex digits are, from the first on",
            hint=_those(containers),
        )
    fitting = [one for one in containers if one.id.startswith(wanted)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(
            f"{len(fitting)} containers have an id that begins with {wanted}", hint=_those(fitting)
        )
    raise UsageError(f"no container has an id that begins with {wanted}", hint=_those(containers))


def _those(containers: list[Container]) -> str:
    """Containers in a line: the ids as docker shows them, and what runs in each."""
    if not containers:
        return "no container runs here"
    unique = max(_SHORT, _shared_length([one.id for one in containers]) + 1)
    shown = [f"{one.id[:unique]} ({_program(one)})" for one in containers[:_SHOWN]]
    more = f", and {len(containers) - _SHOWN} more" if len(containers) > _SHOWN else ""
    return f"there are {', '.join(shown)}{more}"


def _shared_length(ids: list[str]) -> int:
    """How much of the ids, which are sorted, neighbours may share at most."""
    longest = 0
    for one, other in itertools.pairwise(ids):
        length = next((at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), 0)
        longest = max(longest, length)
    return longest


def _program(container: Container) -> str:
    """The name of a container's oldest process."""
    pids = pids_below(container.cgroup.path)
    try:
        return Path(f"/proc/{min(pids)}/comm").read_text(errors="replace").strip()
    except (OSError, ValueError):
        return "no process"
