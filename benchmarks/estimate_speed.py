"""How many candidates a search can ask the compiler about, on one core: fresh networks, graphs included.

    PYTHONPATH=. python benchmarks/estimate_speed.py [candidates]

Networks are drawn from the published MCUNet space (60 to 70 layers) at two widths and resolutions. CPU time; the first
candidates of a space teach the compiler its geometries and are counted apart.
"""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np

from nas_keras.cost.graph import build_graph
from nas_keras.space.space import published_grid
from tinyengine_tf.api import estimate
from tinyengine_tf.target import load_target

SPACES = ((0.4, 112), (0.5, 144))
GOALS = (("latency", "frame"), ("balanced", "frame"), ("ram", "frame"), ("ram", "rows"))
LEARNING = 20


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    target, layout = load_target("cortex-m4"), published_grid(classes=100).layout
    print(
        f"{'space':12}{'goal':18}{'first ms':>10}{'median ms':>11}"
        f"{'candidates/s':>14}{'graph ms':>10}{'arena bytes':>13}"
    )
    for width, resolution in SPACES:
        space = layout.space(width, (resolution, resolution))
        for goal, feed in GOALS:
            rng = np.random.default_rng(1)
            building, estimating, arenas = [], [], []
            for arch in [space.sample(rng) for _ in range(LEARNING + count)]:
                begin = time.process_time()
                graph = build_graph(arch)
                built = time.process_time()
                arenas.append(estimate(graph, target=target, optimize=goal, feed=feed).arena_bytes)
                building.append(built - begin)
                estimating.append(time.process_time() - built)
            rest = estimating[LEARNING:]
            print(
                f"w{width}-r{resolution:<7}{goal + ', ' + feed:18}"
                f"{statistics.median(estimating[:LEARNING]) * 1e3:>10.1f}"
                f"{statistics.median(rest) * 1e3:>11.2f}{count / sum(rest):>14.0f}"
                f"{statistics.median(building) * 1e3:>10.2f}"
                f"{round(statistics.median(arenas)):>13,}"
            )


if __name__ == "__main__":
    main()
