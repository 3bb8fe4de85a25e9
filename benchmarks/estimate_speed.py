"""How many candidates a search can ask the compiler about, on one core: fresh networks, graphs included.

    PYTHONPATH=. python benchmarks/estimate_speed.py [candidates] [--model FILE.tflite ...]

Networks are drawn from the published MCUNet space (60 to 70 layers) at several widths and resolutions. CPU time; the
first candidates of a space teach the compiler its geometries and are counted apart. "judged" is what stage 1 of a
search asks: whether a network fits 320 kB of RAM and 1 MB of flash. Bounds tell that of some, the first plan of most
others. With --model, files are asked about instead: the first answer of a graph that was read, and the next ones.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Limits
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.graph import build_graph
from nas_keras.families.mbconv.space import published_grid
from tinyengine_tf.api import estimate, load_graph
from tinyengine_tf.arguments import positive
from tinyengine_tf.target import load_target

SPACES = ((0.4, 112), (0.5, 144), (0.6, 208))
GOALS = (("latency", "frame"), ("balanced", "frame"), ("ram", "frame"), ("ram", "rows"))
LIMITS = Limits(sram_bytes=320 * 1024, flash_bytes=1024 * 1024)
LEARNING = 20
T = TypeVar("T")


def main() -> None:
    """Print what each question takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candidates", type=positive, nargs="?", default=100, help="of each space; default %(default)s")
    parser.add_argument("--model", action="append", default=[], metavar="FILE.tflite", help="may be repeated")
    options = parser.parse_args()
    if options.model:
        for path in options.model:
            time_file(Path(path), options.candidates)
    else:
        time_candidates(options.candidates)


def time_file(path: Path, count: int) -> None:
    """One line: `count` estimates of a file's graph, goal "latency"."""
    graph, target = load_graph(path), load_target("cortex-m4")
    first, *rest = [seconds(lambda g: estimate(g, target=target, io="int8"), graph) for _ in range(count + 1)]
    print(f"{path.stem:24}first {first * 1e3:.1f} ms, then {statistics.median(rest) * 1e3:.1f} ms in the median")


def time_candidates(count: int) -> None:
    """One line for each space and question."""
    layout = published_grid(classes=1000).layout
    print(f"{'space':12}{'question':18}{'first ms':>10}{'median ms':>11}{'mean ms':>9}{'candidates/s':>14}")
    for width, resolution in SPACES:
        space = layout.space(width, (resolution, resolution))
        for question, ask in questions().items():
            rng = np.random.default_rng(1)
            spent = [seconds(ask, space.sample(rng)) for _ in range(LEARNING + count)]
            first, rest = spent[:LEARNING], spent[LEARNING:]
            print(
                f"w{width}-r{resolution:<7}{question:18}{statistics.median(first) * 1e3:>10.1f}"
                f"{statistics.median(rest) * 1e3:>11.2f}{statistics.mean(rest) * 1e3:>9.2f}{count / sum(rest):>14.0f}"
            )


def questions() -> dict[str, Callable[[Arch], object]]:
    """What is asked of a candidate, by its name."""
    target, cost = load_target("cortex-m4"), CompilerCost("cortex-m4")

    def plan(arch: Arch, goal: str, feed: str) -> object:
        return estimate(build_graph(arch), target=target, optimize=goal, feed=feed)

    plans = {f"{goal}, {feed}": partial(plan, goal=goal, feed=feed) for goal, feed in GOALS}
    return plans | {"ram, judged": lambda arch: cost.judge(arch, LIMITS)}


def seconds(ask: Callable[[T], object], about: T) -> float:
    begin = time.process_time()
    ask(about)
    return time.process_time() - begin


if __name__ == "__main__":
    main()
