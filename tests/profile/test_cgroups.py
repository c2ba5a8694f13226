"""Control groups: which hierarchies there are, and what a path means."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.profile.cgroups import (
    Hierarchy,
    find_cgroup,
    parse_hierarchies,
    pids_below,
    read_hierarchies,
)
from otx.profile.proc_text import lines_of
from tests.control_groups import hierarchies, made_group, move

HYBRID_MOUNTS = """\
30 25 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate
32 30 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 30 0:30 / /mnt/of\\040two\\040words rw,relatime - cgroup cgroup rw,memory
"""
HYBRID_MEMBERSHIPS = """\
12:memory:/user.slice
4:cpu,cpuacct:/
1:name=systemd:/init.scope
0::/init.scope
"""


def test_both_versions_are_found_with_their_numbers_and_places() -> None:
    mounts, memberships = HYBRID_MOUNTS.split("\n"), HYBRID_MEMBERSHIPS.split("\n")
    assert parse_hierarchies(mounts, memberships) == [
        Hierarchy(0, Path("/sys/fs/cgroup/unified")),
        Hierarchy(4, Path("/sys/fs/cgroup/cpu,cpuacct")),
        Hierarchy(12, Path("/mnt/of two words")),
    ]


@given(st.text(), st.text())
def test_anything_is_read_without_a_fault(mounts: str, memberships: str) -> None:
    parse_hierarchies(mounts.split("\n"), memberships.split("\n"))
    parse_hierarchies([f"1 2 0:3 / /{mounts} - cgroup x {memberships}"], [memberships])


@pytest.mark.parametrize("blank", ["\r", "\f", "\x1c"])
def test_the_name_of_a_mount_is_neither_a_field_nor_a_line(blank: str) -> None:
    fake = blank.join(("/home/me/a", "30 25 0:1", "/", "/home/me/b", "-", "cgroup2", "x", "rw"))
    mounts = [f"30 25 0:26 / {fake} rw,relatime - fuse.mine mine rw"]
    assert parse_hierarchies(lines_of("\n".join(mounts).encode()), []) == []
    group = [f"31 30 0:27 /a{blank}/home/me/b /sys/fs/cgroup rw - cgroup2 cgroup2 rw"]
    assert parse_hierarchies(group, []) == [Hierarchy(0, Path("/sys/fs/cgroup"))]


@pytest.fixture
def tree(tmp_path: Path) -> list[Hierarchy]:
    """Two hierarchies that look like ones; `/shop` is in both, `/shop/cart` in the second."""
    for name in ("two", "one"):
        for group in ("", "shop", *(("shop/cart",) if name == "one" else ())):
            (tmp_path / name / group).mkdir(parents=True, exist_ok=True)
            (tmp_path / name / group / "cgroup.procs").touch()
    return [Hierarchy(0, tmp_path / "two"), Hierarchy(7, tmp_path / "one")]


@pytest.mark.parametrize(
    ("path", "hierarchy", "place"),
    [
        ("/shop", 0, "two/shop"),
        ("shop/", 0, "two/shop"),
        ("/shop/cart", 7, "one/shop/cart"),
        ("//shop//cart/../cart", 7, "one/shop/cart"),
        ("{mount}/one/shop", 7, "one/shop"),
        ("/", 0, "two"),
    ],
)
def test_a_path_is_a_name_or_a_directory(
    tree: list[Hierarchy], tmp_path: Path, path: str, hierarchy: int, place: str
) -> None:
    group = find_cgroup(path.format(mount=tmp_path), tree)
    assert (group.hierarchy, group.path) == (hierarchy, tmp_path / place)
    assert group.id == (tmp_path / place).stat().st_ino


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/shop/till", "cart"),
        ("../../etc", "shop"),
        ("//x", "shop"),
        ("{mount}/one/x/y", "shop"),
    ],
)
def test_what_is_no_group_names_those_that_are_near(
    tree: list[Hierarchy], tmp_path: Path, path: str, near: str
) -> None:
    with pytest.raises(UsageError, match="there is no control group") as refused:
        find_cgroup(path.format(mount=tmp_path), tree)
    assert refused.value.hint.endswith(f"there are: {near}")


def test_no_path_is_not_the_group_of_all(tree: list[Hierarchy]) -> None:
    with pytest.raises(UsageError, match="has a path") as refused:
        find_cgroup("", tree)
    assert "there are: " in refused.value.hint


@pytest.mark.parametrize("unified", [True, False])
def test_processes_of_a_real_group_and_those_below(unified: bool) -> None:
    for hierarchy in hierarchies(unified=unified)[:1]:
        with made_group(hierarchy.mount, "above/below") as group:
            child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
            move(child, group)
            assert pids_below(group.parent) == {child}
            found = find_cgroup(str(group), read_hierarchies())
            assert (found.id, found.hierarchy) == (group.stat().st_ino, hierarchy.number)
            os.kill(child, 9)
            os.waitpid(child, 0)
