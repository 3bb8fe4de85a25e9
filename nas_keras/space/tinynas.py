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
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from nas_keras.cost.footprint import CostModel, Footprint, Limits
from nas_keras.space.space import Grid, Space

QUANTILES = 101
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
        rows, columns = self.resolution
        return f"w{self.width:g}-r{rows}" + (f"x{columns}" if columns != rows else "")

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

    `progress` is called after each space. Workers are separate processes that import this package
    and nothing of the caller's, so scripts need no main guard; `cost` must be picklable. `spread`
    takes their place: `study(*task)` for each task, in order (see nas_keras.remote).
    """
    tasks = [(space, cost, limits, sampling) for space in grid.spaces()]
    if spread is not None:
        return tuple(_report_each(spread(tasks), progress))
    if workers <= 1:
        return tuple(_report_each((study(*task) for task in tasks), progress))
    with ThreadPoolExecutor(workers) as pool:
        return tuple(_report_each(pool.map(_in_process, tasks), progress))


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


def _in_process(task: Task) -> SpaceStats:
    """`study(*task)` in a fresh Python process."""
    program = f"import sys; sys.path[:0] = {sys.path!r}; from nas_keras.space.tinynas import worker; worker()"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(task), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a worker of stage 1 failed:\n{done.stderr.decode()}")
    return pickle.loads(done.stdout)


def worker() -> None:
    """Body of a worker process: a pickled task on standard input, its SpaceStats on standard output."""
    task = pickle.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(pickle.dumps(study(*task)))
