"""Is the super-network a good judge, and does evolution use it better than chance? Numbers of docs/search_results.md.

    PYTHONPATH=. python benchmarks/search_quality.py --out runs/quality                    scikit-learn's digits
    PYTHONPATH=. python benchmarks/search_quality.py --out runs/quality_cifar --run runs/cifar10_resnet8 \\
        --data ../shared/data/cifar10.npz                                                  a finished search

    ranking    Kendall's tau between accuracy inside the super-network and after training alone, of --networks networks
               that keep the limits, and with --others more from the whole space, from the least to the most work
    search     the best of --evaluations candidates by evolution and by random draws, for --seeds seeds; each winner
               also on validation examples by which it was not chosen

Everything that is finished is kept in --out; a run that was stopped goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import app, flags

from nas_keras.budget import SearchBudget
from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Limits
from nas_keras.data import Coding, Data, resize
from nas_keras.demo import digits
from nas_keras.families.mbconv.analytic import AnalyticCost
from nas_keras.families.mbconv.arch import Arch
from nas_keras.families.mbconv.plain import build_model
from nas_keras.families.mbconv.space import Grid, grid_for
from nas_keras.families.mbconv.supernet import SuperNet
from nas_keras.files import read_arrays, read_json, write_json
from nas_keras.loading import load
from nas_keras.search.context import Allowance, Context, Trial
from nas_keras.search.evolution import Evolution
from nas_keras.search.random_search import RandomSearch
from nas_keras.search.strategy import best, run
from nas_keras.search.tinynas import SpaceStats, rank
from nas_keras.train.epochs import Journal, Recipe, train
from nas_keras.train.supernet import SharedRecipe, calibration_batches, train_supernet

_OUT = flags.DEFINE_string("out", None, "folder of the results", required=True)
_RUN = flags.DEFINE_string("run", None, "folder of a search whose super-network is judged; default: digits")
_DATA = flags.DEFINE_string("data", None, "the data of that search: x_train, y_train, x_val, y_val")
_NETWORKS = flags.DEFINE_integer("networks", 10, "networks that keep the limits, trained alone")
_OTHERS = flags.DEFINE_integer("others", 5, "networks of the whole space, trained alone", lower_bound=2)
_EPOCHS = flags.DEFINE_integer("epochs", 30, "of each of them")
_EVALUATIONS = flags.DEFINE_integer("evaluations", 100, "candidates of each search")
_SEEDS = flags.DEFINE_integer("seeds", 5, "searches of each kind")
_EXAMPLES = flags.DEFINE_integer("examples", 2500, "validation examples on which candidates are compared, at most")

WAYS = {"evolution": Evolution(population=20, parents=6), "random": RandomSearch()}
DRAWS = 201  # of the whole space, of which networks of different size are taken


@dataclass(frozen=True)
class Setting:
    """A trained super-network, its data, and what a candidate may cost."""

    net: SuperNet
    train: Data
    val: Data
    coding: Coding
    limits: Limits
    cost: CompilerCost

    def feasible(self, arch: Arch) -> bool:
        return not self.limits.broken(self.cost.judge(arch, self.limits))


def digits_setting(folder: Path) -> Setting:
    """900 digits to train on and 897 to judge by, 12 rows each, so that networks differ."""
    parts = digits(12)
    x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in "xy")
    train, val = load((x[:900], y[:900]), where="digits"), load((x[900:], y[900:]), where="digits")
    space, coding = grid_for((12, 12, 1), 10).layout.space(0.2, (12, 12)), Coding.of(train.x)
    recipe = SharedRecipe(Recipe(epochs=12, batch=32, learning_rate=0.4), networks=2)
    net, _ = train_supernet(space, train, val, coding, recipe, folder=folder, verbose=False)
    return Setting(net, train, val, coding, Limits(sram_bytes=4096, flash_bytes=24 * 1024), CompilerCost("cortex-m4"))


def search_setting(folder: Path, data: Path) -> Setting:
    """What a finished search has in its folder."""
    request = read_json(folder / "request.json")
    stats = [SpaceStats.from_json(s) for s in read_json(folder / "spaces.json")]
    chosen = rank(stats, SearchBudget(**request["budget"]).sampling)[0]
    space = Grid.from_json(request["grid"]).layout.space(chosen.width, chosen.resolution)
    arrays = read_arrays(data)
    train, val = (load((arrays[f"x_{part}"], arrays[f"y_{part}"]), where=part) for part in ("train", "val"))
    coding = Coding.of(train.x)
    train, val = (Data(resize(part.x, space.resolution), part.y) for part in (train, val))
    net, weights = SuperNet(space, request["seed"]), read_arrays(folder / "supernet_shared.npz")
    for index, variable in enumerate(net.variables):
        variable.assign(weights[f"v{index}"])
    return Setting(net, train, val, coding, Limits(**request["limits"]), CompilerCost(request["target"]))


class Judge:
    """Accuracy inside the super-network on --examples examples, asked once per architecture, and on the others."""

    def __init__(self, setting: Setting):
        self.setting = setting
        self.batches = calibration_batches(setting.train, setting.coding, 0)
        order = np.random.default_rng(0).permutation(len(setting.val))
        seen, unseen = np.sort(order[: _EXAMPLES.value]), np.sort(order[_EXAMPLES.value :])
        self.seen, self.unseen = (Data(setting.val.x[part], setting.val.y[part]) for part in (seen, unseen))
        self.known: dict[Arch, float] = {}

    def __call__(self, arch: Arch) -> float:
        if arch not in self.known:
            self.known[arch] = self._accuracy(arch, self.seen)
        return self.known[arch]

    def on_others(self, arch: Arch) -> float:
        """NaN when --examples are all there are."""
        return self._accuracy(arch, self.unseen) if len(self.unseen) else float("nan")

    def _accuracy(self, arch: Arch, data: Data) -> float:
        self.setting.net.calibrate(arch, self.batches)
        return self.setting.net.accuracy(arch, data, self.setting.coding)


def fitting(setting: Setting) -> list[Arch]:
    """Networks drawn among those that keep the limits."""
    rng, archs = np.random.default_rng(1), []
    while len(archs) < _NETWORKS.value:
        arch = setting.net.space.sample(rng)
        if arch not in archs and setting.feasible(arch):
            archs.append(arch)
    return archs


def spread(setting: Setting) -> list[Arch]:
    """Networks of the whole space, evenly spaced in rank among DRAWS sorted by their multiply-accumulates."""
    rng, cost = np.random.default_rng(2), AnalyticCost()
    drawn = sorted((setting.net.space.sample(rng) for _ in range(DRAWS)), key=lambda a: cost.footprint(a).macs)
    return [drawn[round(i)] for i in np.linspace(0, DRAWS - 1, _OTHERS.value)]


def accuracy_alone(setting: Setting, arch: Arch, seed: int, path: Path) -> float:
    """Validation accuracy after --epochs from scratch, or what `path` says it was."""
    import tf_keras

    alone = read_json(path)
    if alone is None:
        tf_keras.utils.set_random_seed(seed)
        recipe = Recipe(_EPOCHS.value, batch=64, learning_rate=0.4)
        parts, journal = (setting.train, setting.val, setting.coding), Journal(verbose=False)
        alone = train(build_model(arch), *parts, recipe, seed=seed, journal=journal)[-1]["val_accuracy"]
        write_json(path, alone)
    return alone


def ranking(setting: Setting, judge: Judge, out: Path) -> list[str]:
    """Kendall's tau among those that fit, and with the others."""
    from scipy.stats import kendalltau

    pairs: list[tuple[float, float]] = []
    lines = []
    for group, archs in (("fitting", fitting(setting)), ("with others", spread(setting))):
        for arch in archs:
            index = len(pairs)
            pairs.append((judge(arch), accuracy_alone(setting, arch, index, out / f"alone_{index}.json")))
            macs = AnalyticCost().footprint(arch).macs
            print(f"  network {index}, {macs:,} MACs: {pairs[-1][0]:.4f} inside, {pairs[-1][1]:.4f} alone", flush=True)
        tau, chance = kendalltau(*zip(*pairs, strict=True))
        lines.append(f"{group}: Kendall's tau {tau:.2f} of {len(pairs)} networks (p = {chance:.2g})")
    return lines


def compare_searches(setting: Setting, judge: Judge, out: Path) -> list[str]:
    """What each search found, seed by seed; then the best so far after each fifth of the evaluations, on average."""
    found: dict[str, list[list[Trial]]] = {name: [] for name in WAYS}
    for seed in range(_SEEDS.value):
        for name, strategy in WAYS.items():
            context = Context(
                setting.net.space,
                setting.feasible,
                lambda archs: [judge(a) for a in archs],
                Allowance(_EVALUATIONS.value),
                seed=seed,
                record=out / f"{name}_{seed}.jsonl",
            )
            trials = run(strategy, context)
            winner = best(trials)
            found[name].append(trials)
            others = judge.on_others(winner.arch)
            print(f"  seed {seed}, {name}: {winner.fitness:.4f}, on other examples {others:.4f}", flush=True)
    lines = []
    for name, searches in found.items():
        counts = [_EVALUATIONS.value * fifth // 5 for fifth in range(1, 6)]
        means = [np.mean([best(trials[:count]).fitness for trials in searches]) for count in counts]
        pairs = zip(counts, means, strict=True)
        lines.append(f"{name}, best of " + ", ".join(f"{count}: {mean:.4f}" for count, mean in pairs))
    ahead = sum(best(a).fitness > best(b).fitness for a, b in zip(found["evolution"], found["random"], strict=True))
    return [*lines, f"evolution ahead for {ahead} of {_SEEDS.value} seeds"]


def main(argv: list[str]) -> None:
    del argv
    out = Path(_OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    setting = search_setting(Path(_RUN.value), Path(_DATA.value)) if _RUN.value else digits_setting(out)
    judge = Judge(setting)
    print("\n".join([*compare_searches(setting, judge, out), *ranking(setting, judge, out)]))


if __name__ == "__main__":
    app.run(main)
