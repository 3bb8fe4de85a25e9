"""How good and how fast the memory planner is: share proven optimal, distance to the bound, CPU time.

    PYTHONPATH=. python benchmarks/memory_planner.py

Networks are MobileNet-like chains with sub-tensor overlaps; packed instances are cut from a full rectangle, so that
they have no waste at all (see tests/memory/problems.py). Everything but the times is the same on every machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from tests.memory.problems import network_like, packed
from tinyengine_tf.memory import Plan, Problem, plan, verify

FAMILIES: tuple[tuple[str, Callable[[int], Problem], int], ...] = (
    ("network, 40 layers", lambda seed: network_like(seed, 40), 30),
    ("network, 60 layers", lambda seed: network_like(seed, 60), 30),
    ("network, 100 layers", lambda seed: network_like(seed, 100), 30),
    ("network, 60 layers, no overlap", lambda seed: network_like(seed, 60, overlaps=False), 30),
    ("packed, 30 pieces", lambda seed: packed(seed, 30), 10),
    ("packed, 60 pieces, 10 % removed", lambda seed: packed(seed, 60, loose=0.1), 10),
    ("packed, 100 pieces, 10 % removed", lambda seed: packed(seed, 100, loose=0.1), 10),
    ("packed, 150 pieces, 20 % removed", lambda seed: packed(seed, 150, loose=0.2), 10),
)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    head = f"{'family':34}{'buffers':>8}{'fast':>7}{'exact':>7}{'peak/bound':>12}{'fast ms':>9}"
    print(f"{head}{'exact ms':>13}{'slowest':>11}")
    for name, make, count in FAMILIES:
        problems = [make(seed) for seed in range(count)]
        fast, fast_s = zip(*[_timed(p, exact=False) for p in problems], strict=True)
        best, best_s = zip(*[_timed(p, exact=True) for p in problems], strict=True)
        for found in (*fast, *best):
            verify(found)
        optima = {id(b.problem): b.peak_bytes for b in best if b.optimal}
        fast_optimal = sum(f.peak_bytes == optima.get(id(f.problem)) for f in fast)
        ratio = statistics.mean(b.peak_bytes / b.lower_bound_bytes for b in best)
        print(
            f"{name:34}{round(statistics.mean(len(p.buffers) for p in problems)):>8}"
            f"{fast_optimal:>4}/{count}{sum(b.optimal for b in best):>4}/{count}{ratio:>12.4f}"
            f"{statistics.median(fast_s) * 1e3:>9.2f}{statistics.median(best_s) * 1e3:>13.2f}{max(best_s) * 1e3:>11.0f}"
        )


def _timed(problem: Problem, *, exact: bool) -> tuple[Plan, float]:
    begin = time.process_time()
    found = plan(problem, exact=exact)
    return found, time.process_time() - begin


if __name__ == "__main__":
    main()
