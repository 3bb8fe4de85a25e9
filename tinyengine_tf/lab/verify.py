"""Generated code beside TFLM, bit for bit: on this host or an emulated core.

Where float32 results depend on a C library's functions, differences within the bounds of `closeness` are measured.

    model, samples --TFLM--> expected                     (where it refuses the model: see `expectation`)
                   --convert, build, run--> got          equal? then exact
                   --the same with trace--> every layer  else the first layer that differs

Layers are compared on their own whenever an output says too little: it differs, or it is the same
for every sample (saturated by noise).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.hooks import TRACE
from tinyengine_tf.errors import UsageError
from tinyengine_tf.ir import DType, Graph, Tensor
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.closeness import after_libm, is_close, units_apart
from tinyengine_tf.lab.emulate import Run, run
from tinyengine_tf.lab.expectation import Expectation, expect
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.ops.cast import Cast
from tinyengine_tf.ops.concatenation import Concatenation
from tinyengine_tf.ops.indexed_copy import IndexedCopy
from tinyengine_tf.ops.reshape import Reshape
from tinyengine_tf.ops.strided_copy import StridedCopy
from tinyengine_tf.output import write_folder

MOVING = (Reshape, StridedCopy, IndexedCopy, Concatenation, Cast)

Sample = Sequence[np.ndarray]


@dataclass(frozen=True)
class Difference:
    """Where generated code and TFLM part: the first differing layer (or output), and its values there."""

    sample: int
    layer: str
    op: str
    tensor: str
    differing: int
    elements: int
    index: tuple[int, ...]
    got: float
    expected: float

    def __str__(self) -> str:
        return (
            f"sample {self.sample}: {self.layer} {self.op} {self.tensor!r} differs in {self.differing:,} of "
            f"{self.elements:,} values, first at {list(self.index)}: {self.got:g} here, {self.expected:g} expected"
        )


@dataclass(frozen=True)
class Verification:
    """The outcome: `difference` is None when every compared byte is equal, or close where a C library has a say.

    units     float32 values from TFLM's, in the outputs, at most; 0: all equal
    against   what was expected, and who says so
    """

    arena: ArenaPlan
    samples: int
    layers_compared: int
    difference: Difference | None
    run: Run
    against: Expectation
    units: int = 0

    @property
    def passed(self) -> bool:
        return self.difference is None

    @property
    def exact(self) -> bool:
        return self.passed and not self.units

    def as_dict(self) -> dict[str, Any]:
        """The figures for a program; sizes in bytes, instructions of the most expensive sample."""
        sizes = self.run.sizes
        return {
            "target": self.arena.schedule.target.name,
            "reference": self.against.by,
            "reference_because": self.against.because or None,
            "exact": self.exact,
            "close": self.passed,
            "units_in_last_place": self.units,
            "difference": None if self.difference is None else str(self.difference),
            "samples": self.samples,
            "layers_compared": self.layers_compared,
            "instructions": self.run.instructions,
            "init_instructions": self.run.init_instructions,
            "arena_bytes": self.arena.arena_bytes,
            "static_ram_bytes": self.run.static_ram_bytes,
            "stack_bytes": self.run.stack_bytes,
            "code_bytes": sizes.code_bytes + sizes.library_flash_bytes,
            "constants_bytes": sizes.weights_bytes + sizes.tables_bytes,
            "flash_bytes": self.run.flash_bytes,
            "macs": self.arena.schedule.macs,
        }


def verify(
    model: bytes,
    source: Graph,
    arena: ArenaPlan,
    *,
    samples: Sequence[Sample] | None = None,
    count: int = 3,
    seed: int = 0,
    layers: bool = False,
    sanitize: bool = False,
    timeout_s: float = 1800.0,
) -> Verification:
    """Build and run `arena`'s code on its target and compare with TFLM, or who speaks for it.

    model    the .tflite file that `source` (before passes) and `arena` (after) come from.
    samples  one sequence of arrays per sample, in the types of the file; default `count` of noise.
    layers   compare every layer even if all outputs are equal.
    Raises ToolchainError when a compiler, emulator or the tflite_micro package is missing.
    """
    chosen = random_samples(source, count, seed) if samples is None else check_samples(source, samples)
    against = expect(model, source, chosen)
    expected = against.layers
    device = [device_sample(source, arena, s) for s in chosen]
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as folder:
        plain = build_and_run(arena, Path(folder) / "plain", device, sanitize=sanitize, timeout_s=timeout_s)
        difference = compare_outputs(arena, plain, expected, chosen)
        compared = 0
        if difference is not None or layers or says_little(plain):
            traced = build_and_run(arena, Path(folder) / "traced", device, trace=True, timeout_s=timeout_s)
            compared, first = compare_layers(arena, traced, expected)
            difference = first or difference
    units = outputs_apart(arena, plain, expected, chosen)
    return Verification(arena, len(chosen), compared, difference, plain, against, units)


def build_and_run(
    arena: ArenaPlan,
    folder: Path,
    samples: Sequence[Sample],
    *,
    trace: bool = False,
    sanitize: bool = False,
    timeout_s: float = 1800.0,
) -> Run:
    """Generate into `folder`, compile for the arena's target, run all samples."""
    write_folder(render(arena, Options(hooks=(TRACE,) if trace else ())), folder / "c")
    program = compile_network(folder / "c", arena.schedule.target, folder / "build", sanitize=sanitize)
    return run(program, samples, trace=trace, timeout_s=timeout_s)


def says_little(run: Run) -> bool:
    """Several samples and yet the same outputs for all."""
    first = [o.tobytes() for o in run.outputs[0]] if run.outputs else []
    return len(run.outputs) > 1 and all([o.tobytes() for o in outputs] == first for outputs in run.outputs)


def compare_outputs(
    arena: ArenaPlan, got: Run, expected: Sequence[dict[int, np.ndarray]], samples: Sequence[Sample]
) -> Difference | None:
    graph = arena.schedule.graph
    loose = after_libm(graph)
    for number, outputs in enumerate(got.outputs):
        for i, tensor in enumerate(graph.outputs):
            want = expected_values(tensor, expected[number], graph, samples[number])
            if want is not None and (
                found := difference_of(
                    number, f"output {i}", "", tensor, outputs[i].tobytes(), want, close=tensor in loose
                )
            ):
                return found
    return None


def outputs_apart(
    arena: ArenaPlan, got: Run, expected: Sequence[dict[int, np.ndarray]], samples: Sequence[Sample]
) -> int:
    """The most units in the last place between a float32 output and TFLM's."""
    graph, most = arena.schedule.graph, 0
    for number, outputs in enumerate(got.outputs):
        for i, tensor in enumerate(graph.outputs):
            want = expected_values(tensor, expected[number], graph, samples[number])
            if want is not None and tensor.dtype is DType.FLOAT32:
                most = max(most, units_apart(np.frombuffer(outputs[i].tobytes(), np.float32), want.reshape(-1)))
    return most


def expected_values(tensor: Tensor, layers: dict[int, np.ndarray], graph: Graph, sample: Sample) -> np.ndarray | None:
    """What TFLM holds for a tensor: a layer's output, a constant, or an input passed through."""
    if tensor.const:
        return tensor.values
    if tensor in graph.inputs:
        return sample[graph.inputs.index(tensor)]
    return layers.get(tensor.source) if tensor.source is not None else None


def compare_layers(
    arena: ArenaPlan, got: Run, expected: Sequence[dict[int, np.ndarray]]
) -> tuple[int, Difference | None]:
    """(tensors compared, first difference in execution order)."""
    compared = 0
    loose = after_libm(arena.schedule.graph)
    inner = {t for step in arena.schedule.steps for t in step.rings}
    for number, traced in enumerate(got.layers):
        for layer in arena.schedule.layers:
            for i, tensor in enumerate(layer.op.outputs):
                want = expected[number].get(tensor.source) if tensor.source is not None else None
                data = traced.get((layer.index, i))
                if want is None or data is None:
                    continue
                if len(data) < tensor.nbytes and tensor in inner:  # rows at the end that no other layer reads
                    want = want[:, : len(data) * tensor.shape[1] // tensor.nbytes]
                compared += 1
                if found := difference_of(
                    number, layer.label, layer.op.KIND, tensor, data, want, close=tensor in loose
                ):
                    return compared, found
    return compared, None


def difference_of(
    sample: int, layer: str, op: str, tensor: Tensor, got: bytes, want: np.ndarray, *, close: bool = False
) -> Difference | None:
    """None if equal bit for bit, or, where that is enough, close."""
    if tensor.channels is not None:
        want = want[..., list(tensor.channels)]
    expected = np.ascontiguousarray(want, tensor.dtype.numpy).reshape(-1)
    if expected.tobytes() == got:
        return None
    mine = np.frombuffer(got, tensor.dtype.numpy)
    if close and is_close(tensor, mine, expected):
        return None
    bits = f"u{tensor.dtype.nbytes}"
    unequal = np.flatnonzero(mine.view(bits) != expected.view(bits))
    first = int(unequal[0])
    index = tuple(int(i) for i in np.unravel_index(first, tensor.shape)) if tensor.shape else ()
    return Difference(
        sample, layer, op, tensor.name, len(unequal), mine.size, index, float(mine[first]), float(expected[first])
    )


def random_samples(graph: Graph, count: int, seed: int) -> list[list[np.ndarray]]:
    """`count` samples of noise over the whole range of every input."""
    rng = np.random.default_rng(seed)
    return [[random_values(graph, t, rng) for t in graph.inputs] for _ in range(count)]


def random_values(graph: Graph, tensor: Tensor, rng: np.random.Generator) -> np.ndarray:
    """Noise for one input. A float input that is quantised gets values that use the whole quantised range, indices
    are those of something."""
    limit = index_limit(graph, tensor)
    if limit is not None:
        most = limit if tensor.dtype is DType.FLOAT32 else min(limit, np.iinfo(tensor.dtype.numpy).max + 1)
        return rng.integers(0, most, tensor.shape).astype(tensor.dtype.numpy)
    if tensor.dtype is DType.FLOAT32:
        reader = next((op for op in graph.readers(tensor) if op.output.dtype is DType.INT8 and op.output.quant), None)
        if reader is None:
            return rng.normal(0.0, 1.0, tensor.shape).astype(np.float32)
        q = rng.integers(-128, 128, tensor.shape)
        return (np.float32(reader.output.scale) * (q - reader.output.zero_point)).astype(np.float32)
    if tensor.dtype is DType.BOOL:
        return rng.integers(0, 2, tensor.shape).astype(bool)
    info = np.iinfo(np.int8 if tensor.dtype.nbytes > 2 else tensor.dtype.numpy)  # counts, not all of 32 bits
    return rng.integers(info.min, info.max + 1, tensor.shape).astype(tensor.dtype.numpy)


def index_limit(graph: Graph, tensor: Tensor) -> int | None:
    """The least of what readers take `tensor` for an index of, straight or after it was moved; None: none does."""
    limits = []
    for op in graph.readers(tensor):
        moved = isinstance(op, MOVING) and tensor is not op.output
        limits.append(index_limit(graph, op.output) if moved else op.index_limit(tensor))
    return min((n for n in limits if n is not None), default=None)


def check_samples(graph: Graph, samples: Sequence[Sample]) -> list[list[np.ndarray]]:
    """The user's samples in the model's types and shapes. Raises UsageError where they do not fit."""
    checked = []
    for number, sample in enumerate(samples):
        arrays = _arrays(sample, number)
        if len(arrays) != len(graph.inputs):
            raise UsageError(f"sample {number} has {len(arrays)} arrays, the model {len(graph.inputs)} inputs")
        row = []
        for array, tensor in zip(arrays, graph.inputs, strict=True):
            if array.size != tensor.elements:
                raise UsageError(f"sample {number} has shape {array.shape}, input {tensor.name!r} is {tensor.shape}")
            if array.dtype != tensor.dtype.numpy and not (array.dtype.kind == "f" and tensor.dtype is DType.FLOAT32):
                raise UsageError(
                    f"sample {number} is {array.dtype}, input {tensor.name!r} is {tensor.dtype.tflite_name.lower()}",
                    hint="give arrays in the model's own type",
                )
            with np.errstate(over="ignore"):
                values = array.astype(tensor.dtype.numpy).reshape(tensor.shape)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise UsageError(
                    f"sample {number}: input {tensor.name!r} holds NaN, infinity or what float32 cannot hold",
                    hint="give finite numbers",
                )
            row.append(values)
        checked.append(row)
    if not checked:
        raise UsageError("no samples given")
    return checked


def _arrays(sample: Sample, number: int) -> list[np.ndarray]:
    """One sample's arrays; what users hand over may be anything."""
    try:
        return [np.asarray(value) for value in sample]
    except (TypeError, ValueError) as error:
        raise UsageError(f"sample {number} is no sequence of arrays: {error}", hint="one array per input") from error


def device_sample(source: Graph, arena: ArenaPlan, sample: Sample) -> list[np.ndarray]:
    """What the generated code is fed: the sample itself, or, without boundary QUANTIZE, the integers it becomes."""
    converted = []
    for value, tensor, device in zip(sample, source.inputs, arena.schedule.graph.inputs, strict=True):
        if device.dtype is tensor.dtype:
            converted.append(value)
            continue
        info = np.iinfo(device.dtype.numpy)
        if tensor.dtype is DType.UINT8:  # the same scale, another zero point
            converted.append(
                (value.astype(np.int16) + device.zero_point - tensor.zero_point).astype(device.dtype.numpy)
            )
            continue
        steps = value / np.float32(device.scale)
        rounded = np.trunc(steps + np.copysign(np.float32(0.5), steps))
        converted.append(np.clip(rounded + device.zero_point, info.min, info.max).astype(device.dtype.numpy))
    return converted
