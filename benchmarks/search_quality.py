"""Is the super-network a good judge, and does evolution use it better than chance? Numbers for docs/search.md.

    PYTHONPATH=. python benchmarks/search_quality.py --out runs/quality                    scikit-learn's digits
    PYTHONPATH=. python benchmarks/search_quality.py --out runs/quality_cifar --run runs/cifar10_resnet8 \\
        --data ../shared/data/cifar10.npz                                                  the super-network of a search

    ranking    Kendall's tau between accuracy inside the super-network and after training alone, on --networks networks
    search     the best of --evaluations candidates by evolution and by random draws, for --seeds seeds

Everything that is finished is kept in --out; a run that was stopped goes on from there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from absl import app, flags

from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.footprint import Limits
from nas_keras.data import Coding, Data, load, resize
from nas_keras.demo import digits
from nas_keras.files import read_json, write_json
from nas_keras.search import STRATEGIES, best, run
from nas_keras.space.arch import Arch
from nas_keras.space.space import Grid, Layout, Space, Stage, grid_for
from nas_keras.space.tinynas import Sampling, SpaceStats, rank
from nas_keras.supernet.model import SuperNet
from nas_keras.supernet.plain import build_model
from nas_keras.supernet.training import SharedRecipe, calibration_batches, train_supernet
from nas_keras.training import Journal, Recipe, train

_OUT = flags.DEFINE_string("out", None, "folder of the results", required=True)
_RUN = flags.DEFINE_string("run", None, "folder of a search whose super-network is judged; default: digits")
_DATA = flags.DEFINE_string("data", None, "the data of that search: x_train, y_train, x_val, y_val")
_NETWORKS = flags.DEFINE_integer("networks", 12, "networks trained alone")
_EPOCHS = flags.DEFINE_integer("epochs", 30, "of each of them")
_EVALUATIONS = flags.DEFINE_integer("evaluations", 100, "candidates of each search")
_SEEDS = flags.DEFINE_integer("seeds", 5, "searches of each kind")
_EXAMPLES = flags.DEFINE_integer("examples", 2500, "validation examples on which networks are compared, at most")

POPULATION, PARENTS = 20, 6


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
    """What a finished or running search has in its folder."""
    request, spaces = read_json(folder / "request.json"), read_json(folder / "spaces.json")
    # The grid is recorded as the text of its value, made of these three types and numbers only.
    grid = eval(request["grid"], {"__builtins__": {}, "Grid": Grid, "Layout": Layout, "Stage": Stage})
    sampling = Sampling(min_survivors=max(3, min(30, request["budget"]["samples"] // 10)))
    chosen = rank([SpaceStats.from_json(s) for s in spaces], sampling)[0]
    space: Space = grid.layout.space(chosen.width, chosen.resolution)
    with np.load(data) as file:
        parts = [load((file[f"x_{part}"], file[f"y_{part}"]), where=part) for part in ("train", "val")]
    coding = Coding.of(parts[0].x)
    train, val = (Data(resize(part.x, space.resolution), part.y) for part in parts)
    net = SuperNet(space, request["seed"])
    with np.load(folder / "supernet_shared.npz") as weights:
        for index, variable in enumerate(net.variables):
            variable.assign(weights[f"v{index}"])
    return Setting(net, train, val, coding, Limits(**request["limits"]), CompilerCost(request["target"]))


class Judge:
    """Accuracy inside the super-network, asked once per architecture."""

    def __init__(self, setting: Setting, journal: Path):
        self.setting, self.journal = setting, journal
        self.batches = calibration_batches(setting.train, setting.coding, 0)
        kept = np.sort(np.random.default_rng(0).permutation(len(setting.val))[: _EXAMPLES.value])
        self.data = Data(setting.val.x[kept], setting.val.y[kept])
        lines = journal.read_text().splitlines() if journal.exists() else []
        self.known = {Arch.from_json(v["arch"]): v["accuracy"] for v in map(json.loads, lines)}

    def __call__(self, arch: Arch) -> float:
        if arch not in self.known:
            self.setting.net.calibrate(arch, self.batches)
            self.known[arch] = self.setting.net.accuracy(arch, self.data, self.setting.coding)
            with open(self.journal, "a") as file:
                file.write(json.dumps({"accuracy": self.known[arch], "arch": arch.to_json()}) + "\n")
        return self.known[arch]


def ranking(setting: Setting, judge: Judge, out: Path) -> str:
    """Kendall's tau, and both accuracies of each network."""
    import tf_keras
    from scipy.stats import kendalltau

    rng, archs = np.random.default_rng(1), []
    while len(archs) < _NETWORKS.value:
        arch = setting.net.space.sample(rng)
        if arch not in archs and setting.feasible(arch):
            archs.append(arch)
    pairs = []
    for index, arch in enumerate(archs):
        path = out / f"alone_{index}.json"
        alone = read_json(path)
        if alone is None:
            tf_keras.utils.set_random_seed(index)
            history = train(
                build_model(arch),
                setting.train,
                setting.val,
                setting.coding,
                Recipe(_EPOCHS.value, batch=64, learning_rate=0.4),
                seed=index,
                journal=Journal(verbose=False),
            )
            alone = history[-1]["val_accuracy"]
            write_json(path, alone)
        pairs.append((judge(arch), alone))
        print(f"  network {index}: {pairs[-1][0]:.4f} inside, {alone:.4f} alone", flush=True)
    tau, chance = kendalltau(*zip(*pairs, strict=True))
    return f"Kendall's tau {tau:.2f} on {len(pairs)} networks (p = {chance:.2g}); {_EPOCHS.value} epochs alone"


def compare_searches(setting: Setting, judge: Judge) -> str:
    """The best accuracy each search found, seed by seed."""
    found: dict[str, list[float]] = {}
    for name, options in (("evolution", {"population": POPULATION, "parents": PARENTS}), ("random", {})):
        found[name] = []
        for seed in range(_SEEDS.value):
            searcher = STRATEGIES[name](setting.net.space, setting.feasible, seed, **options)
            trials = run(searcher, lambda archs: [judge(a) for a in archs], _EVALUATIONS.value)
            found[name].append(best(trials).fitness)
            print(f"  {name}, seed {seed}: {found[name][-1]:.4f}", flush=True)
    wins = sum(a > b for a, b in zip(found["evolution"], found["random"], strict=True))
    means = ", ".join(f"{name} {np.mean(values):.4f} (s = {np.std(values):.4f})" for name, values in found.items())
    return f"best of {_EVALUATIONS.value} candidates: {means}; evolution ahead in {wins} of {_SEEDS.value} seeds"


def main(argv: list[str]) -> None:
    del argv
    out = Path(_OUT.value)
    out.mkdir(parents=True, exist_ok=True)
    setting = search_setting(Path(_RUN.value), Path(_DATA.value)) if _RUN.value else digits_setting(out)
    judge = Judge(setting, out / "judged.jsonl")
    lines = [ranking(setting, judge, out), compare_searches(setting, judge)]
    print("\n".join(lines))


if __name__ == "__main__":
    app.run(main)
