"""What one frame of the flame graph costs: placing boxes and drawing rows, by size of the tree.

The tree is made up: function names from a vocabulary, stacks 40 deep that share beginnings, as
programs' stacks do. Times are CPU time of this process, medians; a frame is everything that
changes when new samples arrive, at 120×36 and 200×60 cells.

    python benchmarks/tui_draw.py [--nodes N] [--frames N]
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from otx.flame.layout import layout
from otx.flame.search import compile_pattern, find_pattern, index_functions
from otx.flame.tree import FlameNode, build_tree
from otx.model.stack import Frame, ProfileStats, Stack
from otx.services.profiler import ProfileSnapshot
from otx.tui.app import OtxApp
from otx.tui.feed import Sources, StoreFeed
from otx.tui.widgets.flame_graph import FlameGraph

DEPTH = 40
VOCABULARY = 20_000


def make_counts(nodes: int, seed: int = 7) -> dict[Stack, int]:
    """Stacks whose tree has at least so many nodes."""
    rng = random.Random(seed)
    frames = [Frame(f"function_{i}", "native", module=f"lib{i % 90}.so") for i in range(VOCABULARY)]
    counts: dict[Stack, int] = {}
    made = 0
    stack: list[Frame] = []
    while made < nodes:
        keep = min(int(rng.triangular(0, DEPTH, DEPTH)), len(stack))
        stack = stack[:keep]
        made += DEPTH - keep
        stack += (rng.choice(frames) for _ in range(DEPTH - keep))
        counts[tuple(stack)] = int(rng.paretovariate(1.1))
    return counts


def median_ms(work: Callable[[], object], times: int) -> float:
    """CPU time of a call."""
    taken = []
    for _ in range(times):
        started_s = time.process_time()
        work()
        taken.append(1e3 * (time.process_time() - started_s))
    return statistics.median(taken)


class Nothing:
    """A profiler that saw nothing yet, so that the graph has its place on the screen."""

    def snapshot(self) -> ProfileSnapshot:
        """No samples."""
        return ProfileSnapshot(0, {}, {}, ProfileStats(), 99, ())


async def draw_ms(tree: FlameNode, width: int, height: int, times: int) -> float:
    """CPU time of one whole frame of the widget, from a new tree to rows of cells."""
    app = OtxApp(StoreFeed(Sources(Path(os.devnull), Nothing())), first="flame")
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause()
        graph = app.screen.query_one(FlameGraph)

        def frame() -> None:
            graph.show(tree)
            for y in range(graph.size.height):
                graph.render_line(y)

        return median_ms(frame, times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--frames", type=int, default=21)
    options = parser.parse_args()
    counts = make_counts(options.nodes)
    tree = build_tree(counts)
    nodes = sum(1 for _ in tree.walk())
    print(f"{nodes} nodes, {len(counts)} stacks, {DEPTH} deep")
    print(f"build the tree        {median_ms(lambda: build_tree(counts), 3):8.1f} ms")
    print(f"index its functions   {median_ms(lambda: index_functions(tree), 3):8.1f} ms")
    for width in (120, 200, 400):
        boxes = sum(1 for _ in layout(tree, width).boxes())
        taken = median_ms(partial(layout, tree, width), options.frames)
        print(f"place, {width:3} cells wide {taken:8.1f} ms   {boxes} boxes")
    pattern = compile_pattern("function_1")
    print(f"search the tree       {median_ms(lambda: find_pattern(tree, pattern), 5):8.1f} ms")
    for width, height in ((120, 36), (200, 60)):
        taken = asyncio.run(draw_ms(tree, width, height, options.frames))
        print(f"whole frame, {width}×{height:2}   {taken:8.1f} ms")


if __name__ == "__main__":
    main()
