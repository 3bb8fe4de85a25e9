"""search_for_mcu() from data to C: complete, resumable, and plain about what it cannot do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nas_keras import SearchBudget, SearchResult, emulated, search_for_mcu
from nas_keras.augmentation import choose_augment, effect
from nas_keras.cost.compiler import CompilerCost
from nas_keras.cost.latency import cycles_per_instruction, latency_ms, work_limit
from nas_keras.data import Data, shift_images
from nas_keras.families.mbconv.space import Grid, Space
from nas_keras.files import locked
from nas_keras.request import device_limits
from nas_keras.show.report import pareto
from tinyengine_tf import DoesNotFitError, MismatchError, ToolchainError, UsageError, convert
from tinyengine_tf.target import load_target

BUDGET = SearchBudget(
    samples=10,
    supernet_epochs=1,
    networks=2,
    evaluations=8,
    population=4,
    parents=2,
    search_examples=100,
    finetune_epochs=2,
    qat_epochs=1,
    batch=64,
    learning_rate=0.4,
)


class Killed(Exception):
    pass


class Trap:
    """An augmentation that changes nothing and kills the search at its n-th batch."""

    def __init__(self) -> None:
        self.batches, self.deadly = 0, -1

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        self.batches += 1
        if self.batches == self.deadly:
            raise Killed
        return x


def search(stripes: tuple[Data, Data], space: Space, folder: Path, **options) -> SearchResult:
    grid = Grid(space.layout, (0.5, 1.0), ((12, 12),))
    arguments = {
        "sram": 6000,
        "flash": 20_000,
        "budget": BUDGET,
        "workers": 1,
        "verbose": False,
        "augment": None,
    } | options
    return search_for_mcu(*stripes, "cortex-m4", grid=grid, workdir=folder, **arguments)


@pytest.fixture(scope="module")
def result(stripes: tuple[Data, Data], tiny_space: Space, tmp_path_factory) -> SearchResult:
    pytest.importorskip("tf_keras")
    return search(stripes, tiny_space, tmp_path_factory.mktemp("whole") / "run", augment=Trap())


def test_result_keeps_its_promises(result: SearchResult, stripes: tuple[Data, Data], tmp_path: Path) -> None:
    assert result.accuracy["int8"] > 0.6 and result.accuracy["float"] - result.accuracy["int8"] < 0.1
    assert not result.limits.broken(result.footprint)
    if emulated := result.emulated.instructions:
        assert result.emulated.samples == 3 and result.emulated.ram_bytes >= result.footprint.sram_bytes
        assert emulated == pytest.approx(result.footprint.instructions, rel=0.1)
    else:
        assert result.emulated.not_done
    report = result.convert(tmp_path / "c").report
    assert report["arena_bytes"] == result.footprint.sram_bytes == convert(result.tflite, optimize="ram").arena_bytes
    assert report["weights_bytes"] == result.footprint.flash_bytes
    assert (tmp_path / "c" / "include" / "net.h").exists()
    assert len(result.trials) == 8 == len({t.arch for t in result.trials})
    assert result.model.output_shape == (None, 4)
    assert {name: len(epochs) for name, epochs in result.history.items()} == {
        "largest": 1,
        "shared": 2,
        "finetune": 2,
        "qat": 1,
    }


def test_folder_holds_everything(result: SearchResult) -> None:
    recorded = json.loads((result.workdir / "result.json").read_text())
    assert recorded["describe"] == result.arch.describe() in str(result)
    assert (result.workdir / "model.tflite").read_bytes() == result.tflite
    assert recorded["emulated"] == result.emulated.to_json() and recorded["broken_limits"] == []
    assert list((result.workdir / "logs").iterdir())
    page = (result.workdir / "report.html").read_text()
    assert page.count("<svg") == 3 and "Conv2D" in page and "&lt;- peak" in page and "http" not in page
    assert not list(result.workdir.glob("*.part"))


def test_killed_search_ends_as_if_it_had_not_been(
    result: SearchResult, stripes, tiny_space: Space, tmp_path: Path, monkeypatch
) -> None:
    """Killed in super-network training, in the search, and in quantisation-aware training; the file is the same."""
    trap, folder = Trap(), tmp_path / "run"
    per_epoch = 512 // 64
    from nas_keras.families.mbconv.supernet import SuperNet

    trap.deadly = 2 * per_epoch + 3
    with pytest.raises(Killed):
        search(stripes, tiny_space, folder, augment=trap)

    calls, accuracy = 0, SuperNet.accuracy

    def dies(self, *arguments):
        nonlocal calls
        calls += 1
        if calls == 2 + 5:
            raise Killed
        return accuracy(self, *arguments)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SuperNet, "accuracy", dies)
        search(stripes, tiny_space, folder, augment=trap)
    assert len((folder / "search.jsonl").read_text().splitlines()) == 4

    trap.deadly = (3 + 2) * per_epoch + 3 + 5
    with pytest.raises(Killed):
        search(stripes, tiny_space, folder, augment=trap)
    again = search(stripes, tiny_space, folder, augment=trap)
    assert trap.batches == (3 + 2 + 1) * per_epoch + 3 + 5, "only epochs cut short are repeated"
    assert again.trials == result.trials and again.history == result.history
    assert again.tflite == result.tflite


def test_finished_search_is_read_back(result: SearchResult, stripes, tiny_space: Space, monkeypatch) -> None:
    trap = Trap()
    if not result.emulated.not_done:
        monkeypatch.setattr("nas_keras.api.emulate", lambda *_: pytest.fail("emulated again"))
    again = search(stripes, tiny_space, result.workdir, augment=trap)
    assert trap.batches == 0 and again.tflite == result.tflite and again.accuracy == result.accuracy


def test_folder_of_another_search_is_refused(result: SearchResult, stripes, tiny_space: Space) -> None:
    with pytest.raises(UsageError, match=r"another search \(other seed\)"):
        search(stripes, tiny_space, result.workdir, seed=1)


def test_another_augmentation_is_another_search(result: SearchResult, stripes, tiny_space: Space) -> None:
    with pytest.raises(UsageError, match=r"another search \(other augment\)"):
        search(stripes, tiny_space, result.workdir, augment=shift_images(2))


@pytest.mark.parametrize("name", ["version", "family", "strategy"])
def test_whatever_decides_the_outcome_is_in_the_fingerprint(
    result: SearchResult, stripes, tiny_space: Space, tmp_path: Path, name: str
) -> None:
    recorded = json.loads((result.workdir / "request.json").read_text())
    (tmp_path / "request.json").write_text(json.dumps(recorded | {name: "another"}))
    with pytest.raises(UsageError, match=rf"another search \(other {name}\)"):
        search(stripes, tiny_space, tmp_path)


def test_a_folder_in_use_is_refused(stripes, tiny_space: Space, tmp_path: Path) -> None:
    with locked(tmp_path / "run"), pytest.raises(UsageError, match="another search is writing here"):
        search(stripes, tiny_space, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]


def test_augmentations_are_told_apart_by_what_they_do(stripes) -> None:
    train, noisy = stripes[0], np.random.default_rng(0)

    class Shift:
        def __init__(self, pixels: int) -> None:
            self.function, self.calls = shift_images(pixels), 0

        def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            self.calls += 1
            return self.function(x, rng)

    used = Shift(2)
    used(train.x, noisy)
    same = [shift_images(2), Shift(2), used, lambda x, rng: shift_images(2)(x, rng)]
    assert len({effect(augment, train) for augment in same}) == 1 and used.calls == 1
    others = [None, shift_images(1), Shift(3), shift_images(2, flip=True)]
    assert len({effect(augment, train) for augment in (*others, used)}) == 5
    chance = [lambda x, rng: x + noisy.integers(9, size=x.shape, dtype=np.uint8) for _ in range(2)]
    assert effect(chance[0], train) == effect(chance[1], train) != effect(None, train)
    with pytest.raises(UsageError, match=r"made shape \(16, 10, 12, 1\) of a batch of shape \(16, 12, 12, 1\)"):
        effect(lambda x, rng: x[:, 2:], train)


def test_what_is_no_augmentation_is_refused(stripes) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    for wrong, message in (
        (tf_keras.layers.RandomFlip(), "of Keras, a RandomFlip"),
        (tf_keras.Sequential(), "of Keras, a Sequential"),
        (3, "augment is 3"),
        ("flip", "augment is 'flip'"),
        (lambda x: x, r"a function \(x, rng\) -> x"),
    ):
        with pytest.raises(UsageError, match=message):
            choose_augment(wrong, stripes[0])


def test_what_fits_nowhere_is_told_with_numbers(stripes, tiny_space: Space, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError, match=r"w0.5-r12, needs [\d,]+ bytes of SRAM \(allowed 500\)") as caught:
        search(stripes, tiny_space, tmp_path, sram=500)
    assert caught.value.needed_bytes > 500 and "sram_bytes" in str(caught.value)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"strategy": "magic"}, "one of evolution, aging, random"),
        ({"budget": "huge"}, "one of quick, standard, thorough"),
        ({"sram": 0}, "a positive number"),
        ({"sram": None}, "bare core"),
        ({"max_latency": 5.0}, "cortex-m4 has no clock"),
        ({"classes": 3}, r"labels run from 0 to 3"),
        ({"classes": 7}, "a grid for 4 classes"),
        ({"family": "transformer"}, "one of mbconv"),
        ({"strategy_options": {"speed": 1}}, "'speed' is no option of Evolution"),
        ({"strategy_options": {"mutation_probability": 2.0}}, "at least 0 and at most 1 is needed"),
        ({"seed": -1}, r"-1 \(at seed\)|seed.*-1"),
        ({"seed": 0.5}, "a whole number, 0 or above"),
        ({"sram": "many"}, "'many' is no size"),
        ({"max_macs": 0}, "max_macs"),
        ({"budget": None}, "one of quick, standard, thorough"),
        ({"augment": 3}, r"a function \(x, rng\) -> x"),
    ],
)
def test_arguments_are_checked_before_any_work(
    stripes, tiny_space: Space, tmp_path: Path, change: dict, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        search(stripes, tiny_space, tmp_path / "run", **change)
    assert not (tmp_path / "run").exists()


def test_data_must_agree(stripes, tiny_space: Space, tmp_path: Path) -> None:
    train, val = stripes
    with pytest.raises(UsageError, match="same shape and type"):
        search((train, Data(val.x[:, :8], val.y)), tiny_space, tmp_path)
    with pytest.raises(UsageError, match="at least 2 is needed"):
        replace(BUDGET, population=1)


def test_no_disk_is_said(stripes, tiny_space: Space, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write"):
        search(stripes, tiny_space, tmp_path / "file" / "run")


def test_boards_have_limits_of_their_own() -> None:
    _, limits = device_limits("stm32f412", None, None, None)
    assert limits.sram_bytes == 256 * 1024 - 8192 and limits.flash_bytes == 1024 * 1024 - 65536
    _, limits = device_limits("stm32f412", "64KB", "1MB")
    assert (limits.sram_bytes, limits.flash_bytes) == (64 * 1024, 1024 * 1024)
    for sram, flash in (("257KB", None), (None, "1025KB")):
        with pytest.raises(UsageError, match=r"[\d,]+ bytes, stm32f412 has [\d,]+"):
            device_limits("stm32f412", sram, flash)
    assert device_limits("cortex-m4", 1 << 30, 1 << 30)[1].sram_bytes == 1 << 30, "a core has no memory of its own"


def test_latency_is_cycles_on_the_boards_clock_or_instructions_where_no_timings_are_known(tiny_space: Space) -> None:
    device, limits = device_limits("stm32f412", None, None, max_latency=2.5)
    assert device.clock_hz == 100_000_000 and limits.cycles == 250_000 and limits.instructions is None
    assert latency_ms(100_000, 1.5, device) == 1.5
    slow = replace(device, core="cortex-m33")
    assert work_limit(2.5, slow) == {"instructions": 250_000}
    need = CompilerCost("stm32f412").footprint(tiny_space.smallest())
    assert 1.2 < cycles_per_instruction(need) < 2.0
    with pytest.raises(UsageError, match="positive number of milliseconds"):
        device_limits("stm32f412", None, None, max_latency=0)


def test_missing_tools_are_recorded_and_wrong_code_is_an_error(monkeypatch) -> None:
    def missing(*arguments, **options):
        raise ToolchainError("arm-none-eabi-gcc not found")

    monkeypatch.setattr(emulated, "verify", missing)
    found = emulated.emulate(b"", load_target("cortex-m4"), np.zeros((0, 1, 1, 1)))
    assert found.not_done and "not run on cortex-m4: arm-none-eabi-gcc not found" in str(found)
    monkeypatch.setattr(emulated, "verify", lambda *a, **o: SimpleNamespace(exact=False, difference="sample 1"))
    with pytest.raises(MismatchError, match="differ: sample 1"):
        emulated.emulate(b"", load_target("cortex-m4"), np.zeros((0, 1, 1, 1)))


def test_front() -> None:
    points = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.4), (2.5, 0.7), (3.0, 0.8)]
    assert pareto(points) == [(1.0, 0.5), (2.5, 0.7), (3.0, 0.9)]
