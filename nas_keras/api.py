"""search_for_mcu(): data and a board in, a trained int8 network that fits out.

    1 space      stage 1 of TinyNAS: the width and resolution that suit the device
    2 supernet   one set of weights for all networks of that space
    3 search     the best of those that fit, by accuracy inside the super-network
    4 finetune   that network alone
    5 qat        the same, quantisation-aware
    6 export     int8 .tflite
    7 check      converted, run on the emulated core beside TFLM, compared with its limits

Each stage leaves its result in `workdir`; started again after a kill, finished work is read back.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_keras.augmentation import choose_augment
from nas_keras.budget import SearchBudget, load_budget
from nas_keras.cost.compiler import CompilerCost, footprint_of
from nas_keras.cost.footprint import CostModel, Footprint, Limits
from nas_keras.cost.latency import cycles_per_instruction, latency_ms
from nas_keras.data import Augment, Coding
from nas_keras.emulated import Emulation, emulate
from nas_keras.families import DEFAULT, load_family
from nas_keras.families.base import Family
from nas_keras.families.space import Arch, Grid, Space
from nas_keras.files import locked, read_json, write_bytes, write_json
from nas_keras.request import Request, check_seed, choose_grid, device_limits, load_both, own_folder
from nas_keras.result import SearchResult
from nas_keras.search import load_strategy
from nas_keras.search.context import Context, Trial
from nas_keras.search.strategy import Strategy, best, run
from nas_keras.search.tinynas import SpaceStats, Task, explore, rank, table
from nas_keras.show.screen import Screen
from tinyengine_tf import DoesNotFitError, UsageError, estimate

if TYPE_CHECKING:
    import tensorflow as tf

EMULATED_SAMPLES = 3


def search_for_mcu(
    train_data: Any,
    val_data: Any,
    target: str = "stm32f746",
    *,
    sram: int | str | None = None,
    flash: int | str | None = None,
    max_macs: int | None = None,
    max_instructions: int | None = None,
    max_latency: float | None = None,
    budget: str | SearchBudget = "standard",
    family: str | Family = DEFAULT,
    strategy: str | Strategy = "evolution",
    strategy_options: Mapping[str, float] | None = None,
    seed: int = 0,
    workdir: str | Path = "nas_run",
    classes: int | None = None,
    grid: Grid | None = None,
    augment: str | Augment | None = "auto",
    cost: CostModel | None = None,
    workers: int | None = None,
    ray: str | None = None,
    distribute: tf.distribute.Strategy | None = None,
    verbose: bool = True,
) -> SearchResult:
    """Find, train and export the most accurate network for `target` on this data.

    train_data, val_data   (x, y) arrays, tf.data.Dataset or Keras Sequence; x is (count, rows, columns[, channels]),
                           uint8 for images; y holds class indices or one-hot rows. Choices are made on val_data only.
    sram, flash            bytes, or "64KB", for activations and for constants; by default what the board has, less 8 KB
                           for stack and application and 64 KB for code. A bare core has no default: give both.
    max_macs               upper bound on multiply-accumulates.
    max_instructions       upper bound on executed instructions, as the compiler predicts them for the core.
    max_latency            milliseconds on the board's clock, by estimated cycles (see nas_keras.cost.latency).
    budget                 "quick" (minutes for small images), "standard", "thorough", or a SearchBudget.
    family                 kind of networks: "mbconv", a name that a package registers, or a families.base.Family.
    strategy               how candidates are proposed: "evolution", "aging", "random", a name that a package registers,
                           or a search.strategy.Strategy with options of its own.
    strategy_options       of a strategy that is named; by default the budget's counts of the same names.
    grid                   the spaces to choose from; by default scaled to the data by the family.
    augment                "auto": shifts for images, mirrored too when they have colours; None; or (x, rng) -> x.
    cost                   the cost model; by default the compiler itself.
    workers                processes of stage 1; by default one per core.
    ray                    address of a Ray cluster that samples spaces and evaluates candidates (nas_keras.remote).
    distribute             where the super-network is trained; of several workers, which share `workdir`, each runs
                           this call, and all but the chief keep their other files in workdir/worker<N>.

    Raises UsageError for data or arguments that cannot be used, DoesNotFitError when no network fits.
    """
    device, limits = device_limits(target, sram, flash, max_macs, max_instructions, max_latency)
    amount = load_budget(budget)
    kind, way = load_family(family), load_strategy(strategy, amount, strategy_options)
    if amount.finetune_small and not kind.takes_any_size:
        raise UsageError(
            f"networks of {kind.name} take one size of inputs", where="finetune_small", hint="leave it at 0"
        )
    train, val, count = load_both(train_data, val_data, classes)
    request = Request(
        train=train,
        val=val,
        coding=Coding.of(train.x),
        target=device,
        limits=limits,
        budget=amount,
        family=kind,
        strategy=way,
        seed=check_seed(seed),
        workdir=own_folder(Path(workdir), distribute),
        supernet_dir=Path(workdir),
        grid=choose_grid(kind, grid, train.shape, count),
        augment=choose_augment(augment, train),
        cost=cost or CompilerCost(device.name, family=kind),
        workers=workers or os.cpu_count() or 1,
        ray=ray,
        distribute=distribute,
    )
    with locked(request.workdir):
        return _run(request, Screen(7, verbose))


def _run(request: Request, screen: Screen) -> SearchResult:
    _claim(request)
    with screen.stage("choose the search space") as notes:
        stats, space = choose_space(request, screen, notes)
    request = request.at(space.resolution)

    from nas_keras.train import stages

    with screen.stage(f"train the super-network of {space}, {space.size:,} networks"):
        net, history = stages.supernet(request, space, screen.verbose)
    with screen.stage(
        f"search: {type(request.strategy).__name__}, {request.budget.evaluations} networks that fit"
    ) as notes:
        trials = _search(request, net, space, screen)
        winner = best(trials)
        notes.append(f"best {winner.fitness:.4f}: {winner.arch.describe()}")
    with screen.stage("fine-tune the best network"):
        model, history["finetune"] = stages.finetune(request, net, winner.arch, screen.verbose)
    with screen.stage("quantisation-aware training"):
        quantized, history["qat"] = stages.qat(request, model, screen.verbose)
    with screen.stage("export"):
        tflite = stages.export(request, quantized)
    with screen.stage("check"):
        result = _check(request, winner.arch, model, tflite, history, trials, stats, space)
    screen.say(str(result))
    return result


def _claim(request: Request) -> None:
    """Make `workdir` this search's own, or recognise it as such."""
    path, ours = request.workdir / "request.json", request.fingerprint()
    there = read_json(path)
    if there is not None and there != _plain(ours):
        differing = ", ".join(k for k in ours if there.get(k) != _plain(ours)[k])
        raise UsageError(
            f"the folder holds another search (other {differing})",
            where=str(request.workdir),
            hint="choose another workdir, or delete this one",
        )
    write_json(path, ours)


def _plain(value: Any) -> Any:
    """As it reads back from JSON."""
    return json.loads(json.dumps(value))


def choose_space(request: Request, screen: Screen, notes: list[str]) -> tuple[tuple[SpaceStats, ...], Space]:
    """Stage 1, or its recorded outcome. Raises DoesNotFitError when no space has networks that fit."""
    path, sampling = request.workdir / "spaces.json", replace(request.budget.sampling, seed=request.seed)
    recorded = read_json(path)
    if recorded is None:
        done: list[SpaceStats] = []
        total = len(request.grid.spaces())

        def progress(stats: SpaceStats) -> None:
            done.append(stats)
            screen.count_up(len(done), total, f"{stats.name}: {stats.satisfying} of {stats.drawn} fit")

        found = explore(
            request.grid,
            request.cost,
            request.limits,
            sampling,
            workers=request.workers,
            spread=spread_over(request.ray),
            progress=progress,
        )
        write_json(path, [s.to_json() for s in found])
    else:
        found = tuple(SpaceStats.from_json(s) for s in recorded)
    ranked = rank(found, sampling)
    notes.append(table(found, sampling, rows=5))
    if not ranked:
        raise nothing_fits(request.grid, request.cost, request.limits)
    return found, request.grid.layout.space(ranked[0].width, ranked[0].resolution)


def spread_over(address: str | None) -> Callable[[Sequence[Task]], Iterable[SpaceStats]] | None:
    """What `explore` hands its tasks to: a Ray cluster, or nothing when there is no address."""
    if address is None:
        return None
    from nas_keras import remote

    return lambda tasks: remote.study_all(address, tasks)


def nothing_fits(grid: Grid, cost: CostModel, limits: Limits) -> DoesNotFitError:
    """The error that says what the smallest network of a grid needs of everything that is limited."""
    needs = [(str(space), cost.footprint(space.smallest())) for space in grid.spaces()]
    space, least = min(needs, key=lambda pair: _excess(pair[1], limits))
    figures = ", ".join(f"{need:,} {unit} (allowed {limit:,})" for need, limit, unit in _limited(least, limits))
    over = ", ".join(limits.broken(least))
    if over:
        message = f"no network fits: the smallest, {space}, needs {figures}"
        hint = f"raise the limit that is broken ({over}), or give a grid with smaller widths or resolutions"
    else:
        message = f"too few networks fit: the smallest, {space}, does, hardly another; it needs {figures}"
        hint = "raise the limits a little, or draw more samples"
    return DoesNotFitError(
        message, needed_bytes=least.sram_bytes, budget_bytes=limits.sram_bytes or 0, where="search", hint=hint
    )


def _excess(need: Footprint, limits: Limits) -> float:
    """How far above its limits a network is: the largest ratio of need to limit."""
    return max((value / max(limit, 1) for value, limit, _ in _limited(need, limits)), default=0.0)


def _limited(need: Footprint, limits: Limits) -> list[tuple[int, int, str]]:
    """(need, limit, unit) of everything that has a limit and is known."""
    rows = (
        (need.sram_bytes, limits.sram_bytes, "bytes of SRAM"),
        (need.flash_bytes, limits.flash_bytes, "bytes of flash"),
        (need.instructions, limits.instructions, "instructions"),
        (need.macs, limits.macs, "MACs"),
        (need.cycles, limits.cycles, "cycles"),
    )
    return [(value, limit, unit) for value, limit, unit in rows if value is not None and limit is not None]


def _search(request: Request, net: Any, space: Space, screen: Screen) -> list[Trial]:
    """Stage 3: candidates are compared on their accuracy inside the super-network."""
    from nas_keras.train import stages

    def feasible(arch: Arch) -> bool:
        return not request.limits.broken(request.cost.judge(arch, request.limits))

    evaluate, side_by_side = stages.evaluator(request, net), 1
    if request.ray is not None:
        from nas_keras import remote

        evaluate, side_by_side = remote.evaluator(request.ray, request, net)
    allowance, seen = request.budget.allowance, list[float]()

    def progress(trial: Trial) -> None:
        seen.append(trial.fitness)
        screen.count_up(len(seen), allowance.networks, f"best so far {max(seen):.4f}")

    context = Context(
        space,
        feasible,
        evaluate,
        allowance,
        seed=request.seed,
        record=request.workdir / "search.jsonl",
        side_by_side=side_by_side,
        progress=progress,
        supernet=net,
        data=request.train,
    )
    trials = run(request.strategy, context)
    if not trials:
        raise nothing_fits(request.grid, request.cost, request.limits)
    return trials


def _check(
    request: Request,
    arch: Arch,
    model: Any,
    tflite: bytes,
    history: dict,
    trials: Sequence[Trial],
    stats: tuple[SpaceStats, ...],
    space: Space,
) -> SearchResult:
    """Measure the file as converted, record everything."""
    from nas_keras.train import stages

    footprint = footprint_of(estimate(tflite, target=request.target.name, optimize="ram", exact=True))
    accuracy = stages.accuracies(request, model, tflite)
    emulation = _emulated(request, tflite, cycles_per_instruction(footprint))
    result = SearchResult(
        model,
        arch,
        tflite,
        request.coding,
        request.target.name,
        request.limits,
        footprint,
        emulation,
        accuracy,
        history,
        list(trials),
        [request.cost.footprint(t.arch) for t in trials],
        stats,
        str(space),
        request.workdir,
    )
    write_json(
        request.workdir / "result.json",
        {
            "arch": arch.to_json(),
            "describe": arch.describe(),
            "space": str(space),
            "accuracy": accuracy,
            "footprint": asdict(footprint),
            "limits": asdict(request.limits),
            "broken_limits": request.limits.broken(footprint),
            "predicted_ms": latency_ms(footprint.instructions, cycles_per_instruction(footprint), request.target),
            "emulated": emulation.to_json(),
            "history": history,
            "coding": asdict(request.coding),
        },
    )
    write_bytes(request.workdir / "model.tflite", tflite)
    result.report(request.workdir / "report.html")
    return result


def _emulated(request: Request, tflite: bytes, per_instruction: float) -> Emulation:
    """The file on the emulated core; a run that is recorded for the same file is not repeated."""
    path, key = request.workdir / "emulated.json", zlib.crc32(tflite)
    recorded = read_json(path)
    if recorded is not None and recorded["tflite_crc"] == key and not recorded["emulated"]["not_done"]:
        return Emulation(**recorded["emulated"])
    inputs = request.coding.quantize(request.val.x[:EMULATED_SAMPLES])
    found = emulate(tflite, request.target, inputs, per_instruction)
    write_json(path, {"tflite_crc": key, "emulated": found.to_json()})
    return found
