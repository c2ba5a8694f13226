"""The iterator as libbpf loads it: it learns the kernel's types, and says what fails."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from otx.profile.dump.ready_program import ReadyProgram
from otx.profile.libbpf import BpfObject

_LISTED = "task"


class LoadedProgram:
    """A program in the kernel, linked to the threads of one process.

    Args:
        source: The object file.
        name: Of the program in it.
        values: Of the maps with one element, by their names; others hold what programs need.
        pid: The process.
        debug: Takes what libbpf and the verifier say, line by line.

    Raises:
        MachineError: libbpf is missing, or the kernel refuses.
    """

    def __init__(
        self,
        source: Path,
        name: str,
        values: dict[str, bytes],
        pid: int,
        debug: Callable[[str], None] | None,
    ) -> None:
        self._name = name
        self._object = BpfObject(source, debug)
        try:
            for map_name, value in values.items():
                self._object.map(map_name).update(bytes(4), value)
            self._run = self._object.attach_task_iterator(name, pid)
        except BaseException:
            self._object.close()
            raise

    def run(self) -> bytes:
        """What it wrote of every thread."""
        return self._run()

    def ready(self, maps: tuple[str, ...]) -> ReadyProgram | None:
        """What a kernel of this build may be given without libbpf; None where that is unknown.

        Args:
            maps: The names of all that it uses.
        """
        type_id = self._object.iterator_type(_LISTED)
        shapes = tuple(map(self._object.shape, maps))
        program = ReadyProgram(type_id, shapes, self._object.instructions(self._name))
        places = {self._object.map(name).descriptor: place for place, name in enumerate(maps)}
        return replace(program, instructions=program.with_maps(places)) if type_id else None

    def close(self) -> None:
        """Unload it."""
        self._object.close()
