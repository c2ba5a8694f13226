"""Containers by id, as runtimes name their groups."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otx.errors import UsageError
from otx.profile.cgroups import Hierarchy
from otx.profile.containers import container_id, find_container, list_containers

ID = "3f1c9a" + "0" * 58
OTHER = "3f1c9b" + "1" * 58
GROUPS = [
    f"docker/{ID}",
    f"system.slice/docker-{ID}.scope",
    f"default/{ID}",
    f"system.slice/nerdctl-{ID}.scope",
    f"machine.slice/libpod-{ID}.scope",
    f"libpod_parent/libpod-{ID}",
    f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
    f"kubepods/burstable/pod1b6f/{ID}",
    f"kubepods.slice/kubepods-pod1b6f.slice/cri-containerd-{ID}.scope",
    f"kubepods.slice/kubepods-pod1b6f.slice/crio-{ID}.scope",
    f"system.slice/kubepods-besteffort-pod1b6f.slice:cri-containerd:{ID}",
    f"ecs/0b1c/{ID}",
]


def make(mount: Path, *groups: str) -> list[Hierarchy]:
    for group in groups:
        (mount / group).mkdir(parents=True)
        (mount / group / "cgroup.procs").touch()
    return [Hierarchy(0, mount)]


@pytest.mark.parametrize("group", GROUPS)
def test_every_runtime_s_group_is_found_by_the_beginning_of_its_id(
    tmp_path: Path, group: str
) -> None:
    found = find_container("3f1c", make(tmp_path, group, "system.slice/nginx.service"))
    assert (found.id, found.cgroup.path) == (ID, tmp_path / group)
    assert found.cgroup.id == (tmp_path / group).stat().st_ino


@pytest.mark.parametrize(
    "name",
    [
        "",
        "system.slice",
        f"libpod-conmon-{ID}.scope",
        f"crio-conmon-{ID}.scope",
        ID[:-1],
        f"{ID}0",
        f"x{ID}",
        f"{ID}.slice",
    ],
)
def test_other_groups_are_no_containers(name: str) -> None:
    assert container_id(name) is None


@given(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), st.sampled_from(GROUPS))
def test_the_id_comes_back_whatever_stands_around_it(digits: str, group: str) -> None:
    assert container_id(Path(group.replace(ID, digits)).name) == digits


@pytest.mark.parametrize("words", [ID, ID[:12], ID.upper(), f"docker://{ID}", f" {ID[:12]}"])
def test_an_id_may_be_written_as_others_write_it(tmp_path: Path, words: str) -> None:
    assert find_container(words, make(tmp_path, f"docker/{ID}", f"docker/{OTHER}")).id == ID


def test_a_beginning_that_several_have_lists_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 containers have an id that begins with 3f1c9") as told:
        find_container(
            "3f1c9", make(tmp_path, f"docker/{ID}", f"docker/{OTHER}", "docker/" + "a" * 64)
        )
    assert ID[:12] in told.value.hint and OTHER[:12] in told.value.hint
    assert "aaaa" not in told.value.hint


@pytest.mark.parametrize("words", ["ffff", "shop", "", "3f1c9a-"])
def test_an_id_of_none_lists_those_there_are(tmp_path: Path, words: str) -> None:
    with pytest.raises(UsageError, match=r"no container") as told:
        find_container(words, make(tmp_path, f"docker/{ID}"))
    assert f"there are {ID[:12]} (no process)" in told.value.hint


def test_without_containers_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as told:
        find_container("3f", make(tmp_path, "system.slice"))
    assert told.value.hint == "no container runs here"


def test_a_container_of_both_versions_is_told_once_by_the_second(tmp_path: Path) -> None:
    (two,), (one,) = make(tmp_path / "2", f"docker/{ID}"), make(tmp_path / "1", f"docker/{ID}")
    (found,) = list_containers([two, Hierarchy(3, one.mount)])
    assert found.cgroup.hierarchy == 0


def test_ids_alike_in_their_first_twelve_digits_are_shown_as_far_as_they_differ(
    tmp_path: Path,
) -> None:
    alike = [ID, ID[:20] + "f" + ID[21:]]
    with pytest.raises(UsageError) as told:
        find_container(ID[:12], make(tmp_path, *(f"docker/{one}" for one in alike)))
    assert all(one[:21] in told.value.hint for one in alike)
