"""The whole story on handwritten digits: search, train, quantise, export, compile, run beside TFLM.

    python -m nas_keras.demo --out demo_out

Started again, it goes on from what the folder holds. The exit code is not 0 when anything fails or differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from absl import app
from absl.flags import argparse_flags

from nas_keras.api import search_for_mcu
from nas_keras.budget import SearchBudget
from nas_keras.data import Data, resize
from nas_keras.files import write_arrays
from nas_keras.loading import load
from nas_keras.result import SearchResult
from tinyengine_tf import MismatchError, TinyEngineError, verify
from tinyengine_tf.lab import reference

TARGET = "stm32f412"
SRAM_BYTES, FLASH_BYTES, MAX_LATENCY_MS = 8 * 1024, 32 * 1024, 15.0
BUDGET = SearchBudget(
    samples=20,
    supernet_epochs=4,
    networks=2,
    evaluations=40,
    population=16,
    parents=5,
    search_examples=200,
    finetune_epochs=14,
    qat_epochs=3,
    batch=32,
    learning_rate=0.4,
)
EMULATED = 10


def digits(rows: int = 16) -> tuple[Data, Data]:
    """scikit-learn's 1,797 digits as uint8 images of `rows` x `rows`: 1,400 to train on, 397 to validate."""
    from sklearn.datasets import load_digits

    source = load_digits()
    order = np.random.default_rng(0).permutation(len(source.target))
    images = np.minimum(source.images[order] * 16, 255).astype(np.uint8)[..., None]
    images, labels = resize(images, (rows, rows)), source.target[order]
    return load((images[:1400], labels[:1400]), where="digits"), load((images[1400:], labels[1400:]), where="digits")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse_flags.ArgumentParser(prog="nas_keras.demo")
    parser.add_argument("--out", type=Path, default=Path("demo_out"), help="folder for everything the demo makes")
    parser.add_argument("--seed", type=int, default=0, help="seed of every random choice")
    return parser.parse_args(argv[1:])


def main(arguments: argparse.Namespace) -> None:
    begin = time.monotonic()
    try:
        table = tell(arguments.out, arguments.seed)
    except TinyEngineError as error:
        print(f"demo: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    print(f"\n{table}\n\ndemo: done in {time.monotonic() - begin:.0f} s")


def tell(out: Path, seed: int, budget: SearchBudget = BUDGET) -> str:
    """All steps, each announced, with their files in `out`; returns the table of the end."""
    _announce(1, f"scikit-learn's handwritten digits; a network for {TARGET} is searched in {out / 'search'}")
    training, validation = digits()
    result = search_for_mcu(
        training,
        validation,
        TARGET,
        sram=SRAM_BYTES,
        flash=FLASH_BYTES,
        max_latency=MAX_LATENCY_MS,
        budget=budget,
        seed=seed,
        classes=10,
        workdir=out / "search",
    )
    _announce(2, f"the network becomes C in {out / 'c'}")
    result.convert(out / "c", name="digits")
    inputs = result.coding.quantize(resize(validation.x, result.arch.input_shape[:2]))
    write_arrays(out / "digits_val.npz", {"x": inputs, "y": validation.y})
    _announce(
        3, f"that C on this machine ({len(inputs)} images) and on an emulated Cortex-M4 ({EMULATED}), beside TFLM"
    )
    table = compare(result, inputs, validation.y)
    _announce(4, "the report")
    page = result.report(out / "report.html", table)
    files = ((result.workdir / "model.tflite", "network"), (out / "c", "C"), (page, "report"))
    return table + "\n\n" + "\n".join(f"{kind:<8} {path}" for path, kind in files)


def compare(result: SearchResult, inputs: np.ndarray, labels: np.ndarray) -> str:
    """Run the network's C on every input here and on ten of them on the emulated core, and TFLM's interpreter.

    Raises MismatchError when one byte differs, ToolchainError when a tool is missing.
    """
    tflite, samples = result.tflite, [[x[None]] for x in inputs]
    expected = np.stack([outputs[0][0] for outputs in reference.run(tflite, samples, isolated=True)])
    arena = reference.smallest_arena_bytes(tflite, isolated=True)
    here = verify(tflite, target="host", optimize="ram", inputs=samples)
    emulated = verify(tflite, target=TARGET, optimize="ram", inputs=samples[:EMULATED])
    for found, where in ((here, "this machine"), (emulated, "the emulated Cortex-M4")):
        if not found.exact:
            raise MismatchError(f"{found.difference}", where=f"the digits on {where}")
    figures = emulated.as_dict()
    ours = np.stack([outputs[0].view(np.int8).reshape(-1) for outputs in here.run.outputs])
    hits = [float(np.mean(logits.argmax(axis=1) == labels)) for logits in (ours, expected)]
    rows = [
        ("accuracy of the float network", f"{result.accuracy['float']:.4f}", ""),
        ("accuracy of the int8 network", f"{hits[0]:.4f}", f"{hits[1]:.4f}"),
        (f"equal outputs, {here.samples} images on this machine", "all", ""),
        (f"equal outputs, {emulated.samples} images on Cortex-M4", "all", ""),
        ("arena, bytes of RAM", f"{figures['arena_bytes']:,}", f"{arena:,}"),
        ("RAM in all, bytes, with the stack", f"{figures['static_ram_bytes'] + figures['stack_bytes']:,}", ""),
        ("flash, bytes, code and constants", f"{figures['flash_bytes']:,}", ""),
        ("instructions per image on Cortex-M4", f"{figures['instructions']:,}", ""),
        ("instructions per multiply-accumulate", f"{figures['instructions'] / figures['macs']:.2f}", ""),
    ]
    lines = [f"{f'digits, {len(labels)} validation images':<46}{'tinyengine_tf':>14}{'TFLM':>10}"]
    return "\n".join(lines + [f"{name:<46}{a:>14}{b:>10}".rstrip() for name, a, b in rows])


def _announce(step: int, what: str) -> None:
    print(f"\n=== demo, step {step} of 4: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    app.run(main, flags_parser=_parse)
