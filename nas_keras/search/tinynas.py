"""Stage 1 of TinyNAS: Grid, CostModel, Limits -> which search space suits the device. No training.

Every space of the grid is sampled uniformly; networks that break a limit are dropped; the space
whose remaining networks compute most (mean MACs) wins, because at equal memory more computation
means more capacity. Source: MCUNet, NeurIPS 2020, section 3.1.

A space needs `min_survivors` to be ranked. While it has some, but fewer, sampling goes on up to
`max_attempts` draws, and the report says how many were drawn and which limit rejected most. A
space whose smallest network already breaks the limit on flash or MACs is not sampled: all its
others have more of both. A network whose weights alone are too many is not planned: it counts
as rejected by flash, whatever else it may break.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Any

import numpy as np

from nas_keras.cost.footprint import CostModel, Footprint, Limits
from nas_keras.families.space import Grid, Space, space_name

QUANTILES = 101
WORKERS_PAY_SECONDS = 20.0
"""Work that must be left, as far as can be told, before processes are started: each imports numpy and the compiler."""
Task = tuple[Space, CostModel, Limits, "Sampling"]


@dataclass(frozen=True)
class Sampling:
    """How much to draw: `samples` is m of the paper; `max_attempts`, no fewer, bounds the search for survivors."""

    samples: int = 1000
    min_survivors: int = 30
    max_attempts: int = 4000
    seed: int = 0


@dataclass(frozen=True)
class SpaceStats:
    """What sampling one space showed.

    macs       quantiles 0, 1, ..., 100 % of the satisfying networks' MACs; empty when there is none.
    rejected   limit -> how many drawn networks broke it.
    closest    limit -> the least that a network which broke it was found to need.
    """

    width: float
    resolution: tuple[int, int]
    drawn: int
    satisfying: int
    mean_macs: float
    macs: tuple[float, ...]
    rejected: tuple[tuple[str, int], ...]
    closest: tuple[tuple[str, int], ...]

    @property
    def name(self) -> str:
        return space_name(self.width, self.resolution)

    @property
    def p80_macs(self) -> float:
        """The value that the best fifth of the satisfying networks exceed; 0 without any."""
        return self.macs[80] if self.macs else 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SpaceStats:
        pairs = {name: tuple((k, v) for k, v in value[name]) for name in ("rejected", "closest")}
        return cls(**{**value, **pairs, "resolution": tuple(value["resolution"]), "macs": tuple(value["macs"])})


def explore(
    grid: Grid,
    cost: CostModel,
    limits: Limits,
    sampling: Sampling = Sampling(),
    *,
    workers: int = 1,
    spread: Callable[[Sequence[Task]], Iterable[SpaceStats]] | None = None,
    progress: Callable[[SpaceStats], None] = lambda stats: None,
) -> tuple[SpaceStats, ...]:
    """Statistics of every space of `grid`, in grid order; equal for any number of workers.

    `progress` is called after each space. Workers are separate processes, started when enough work is left, that import
    this package and nothing of the caller's, so scripts need no main guard; `cost` must be picklable. `spread` takes
    their place: `study(*task)` for each task, in order (see nas_keras.remote).
    """
    tasks = [(space, cost, limits, sampling) for space in grid.spaces()]
    if spread is not None:
        return tuple(_report_each(spread(tasks), progress))
    return tuple(_report_each(_study_all(tasks, workers), progress))


def _study_all(tasks: Sequence[Task], workers: int) -> Iterator[SpaceStats]:
    """`study(*task)` of each, in order: here as long as little is left, then side by side."""
    begin = time.monotonic()
    for done, task in enumerate(tasks):
        left = len(tasks) - done
        if workers > 1 and done and (time.monotonic() - begin) / done * left > WORKERS_PAY_SECONDS:
            yield from _side_by_side(tasks[done:], min(workers, left))
            return
        yield study(*task)


def study(space: Space, cost: CostModel, limits: Limits, sampling: Sampling) -> SpaceStats:
    """Sample one space. The draws depend on the seed and the space only."""
    if hopeless := _hopeless(space, cost, limits):
        return hopeless
    seed = zlib.crc32(json.dumps([space.width, space.resolution]).encode())
    rng = np.random.default_rng((sampling.seed, seed))
    draws = _footprints(space, cost, limits, rng)
    survivors: list[int] = []
    rejected: Counter[str] = Counter()
    closest: dict[str, int] = {}
    drawn = 0
    while True:
        more = sampling.samples if drawn == 0 else min(100, sampling.max_attempts - drawn)
        for footprint in islice(draws, more):
            drawn += 1
            broken = limits.broken(footprint)
            for name in broken:
                rejected[name] += 1
                closest[name] = min(closest.get(name, sys.maxsize), getattr(footprint, name))
            if not broken:
                survivors.append(footprint.macs)
        if not 0 < len(survivors) < sampling.min_survivors or drawn >= sampling.max_attempts:
            break
    macs = np.percentile(survivors, np.linspace(0, 100, QUANTILES)) if survivors else ()
    return SpaceStats(
        width=space.width,
        resolution=space.resolution,
        drawn=drawn,
        satisfying=len(survivors),
        mean_macs=float(np.mean(survivors)) if survivors else 0.0,
        macs=tuple(float(m) for m in macs),
        rejected=tuple(rejected.most_common()),
        closest=tuple(sorted(closest.items())),
    )


def _hopeless(space: Space, cost: CostModel, limits: Limits) -> SpaceStats | None:
    """The statistics of a space of which nothing can fit: its smallest network alone, drawn once."""
    least = cost.footprint(space.smallest())
    broken = tuple(name for name in limits.broken(least) if name in ("flash_bytes", "macs"))
    if not broken:
        return None
    return SpaceStats(
        width=space.width,
        resolution=space.resolution,
        drawn=1,
        satisfying=0,
        mean_macs=0.0,
        macs=(),
        rejected=tuple((name, 1) for name in broken),
        closest=tuple((name, getattr(least, name)) for name in broken),
    )


def rank(stats: Iterable[SpaceStats], sampling: Sampling = Sampling()) -> list[SpaceStats]:
    """Best first: most mean MACs among spaces with enough survivors. Empty when none has."""
    enough = [s for s in stats if s.satisfying >= sampling.min_survivors]
    return sorted(enough, key=lambda s: (-s.mean_macs, s.name))


def table(stats: Iterable[SpaceStats], sampling: Sampling = Sampling(), *, rows: int = 10) -> str:
    """The best `rows` spaces as text; spaces with too few survivors are counted below."""
    stats = tuple(stats)
    ranked = rank(stats, sampling)
    lines = [f"{'space':<14}{'mean MMACs':>11}{'p80 MMACs':>11}{'fit':>7}{'drawn':>7}  rejected by"]
    for s in ranked[:rows]:
        why = ", ".join(f"{name} {n}" for name, n in s.rejected) or "-"
        lines.append(
            f"{s.name:<14}{s.mean_macs / 1e6:>11.2f}{s.p80_macs / 1e6:>11.2f}{s.satisfying:>7}{s.drawn:>7}  {why}"
        )
    lines.append(f"{len(ranked)} of {len(stats)} spaces have at least {sampling.min_survivors} networks that fit")
    return "\n".join(lines)


def _footprints(space: Space, cost: CostModel, limits: Limits, rng: np.random.Generator) -> Iterator[Footprint]:
    """What uniform samples need, as far as `limits` ask; equal networks are judged once."""
    known: dict[Any, Footprint] = {}
    while True:
        arch = space.sample(rng)
        if arch not in known:
            known[arch] = cost.judge(arch, limits)
        yield known[arch]


def _report_each(results: Iterable[SpaceStats], progress: Callable[[SpaceStats], None]) -> Iterator[SpaceStats]:
    for stats in results:
        progress(stats)
        yield stats


def _side_by_side(tasks: Sequence[Task], workers: int) -> Iterator[SpaceStats]:
    """`study(*task)` of each, in order, by `workers` processes, each of which takes the next one when it is free."""
    program = f"import sys; sys.path[:0] = {sys.path!r}; from nas_keras.search.tinynas import worker; worker()"
    command = [sys.executable, "-c", program]
    with ExitStack() as stack:
        free: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        for _ in range(workers):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            stack.callback(_end, process)
            free.put(process)

        def ask(task: Task) -> SpaceStats:
            process = free.get()
            try:
                return _ask(process, task)
            finally:
                free.put(process)

        pool = ThreadPoolExecutor(workers)
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        yield from pool.map(ask, tasks)


def _ask(process: subprocess.Popen[bytes], task: Task) -> SpaceStats:
    assert process.stdin is not None and process.stdout is not None
    try:
        pickle.dump(task, process.stdin)
        process.stdin.flush()
        found: SpaceStats = pickle.load(process.stdout)
    except (OSError, EOFError) as error:
        raise RuntimeError("a worker of stage 1 failed; what it said is above") from error
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def worker() -> None:
    """Body of a worker process: pickled tasks on standard input, their SpaceStats on standard output, until it ends."""
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        sys.stdout.buffer.write(pickle.dumps(study(*task)))
        sys.stdout.buffer.flush()
