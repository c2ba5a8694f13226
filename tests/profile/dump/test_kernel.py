"""Kernel frames as the kernel names them."""

from hypothesis import given
from hypothesis import strategies as st

from otx.model.stack import Frame
from otx.profile.dump.kernel import parse_kernel_stack


def test_frames_are_root_first_and_know_their_module() -> None:
    text = (
        "[<0>] futex_wait_queue+0x60/0x90\n"
        "[<ffffffffc0001234>] nfs_wait+0x1/0x20 [nfs]\n"
        "[<0>] entry_SYSCALL_64_after_hwframe+0x76/0x7e\n"
    )
    assert parse_kernel_stack(text) == (
        Frame("entry_SYSCALL_64_after_hwframe", "kernel", module="kernel"),
        Frame("nfs_wait", "kernel", module="nfs"),
        Frame("futex_wait_queue", "kernel", module="kernel"),
    )


@given(st.text(max_size=200))
def test_any_text_has_frames_or_none(text: str) -> None:
    assert all(frame.kind == "kernel" for frame in parse_kernel_stack(text))
