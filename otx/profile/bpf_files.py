"""Where the BPF objects are: in the installed package, or beside it in a checkout."""

from pathlib import Path

from otx.errors import MachineError

_PACKAGE = Path(__file__).parents[1]


def find_bpf_object(name: str) -> Path:
    """The path of an object by its base name, such as `otx_cpu.bpf.o`.

    Raises:
        MachineError: It is in neither place.
    """
    for directory in (_PACKAGE / "_bpf", _PACKAGE.parent / "bpf"):
        if (directory / name).is_file():
            return directory / name
    raise MachineError(
        f"the BPF object {name} is not installed", hint="in a checkout, `make bpf` builds it"
    )
