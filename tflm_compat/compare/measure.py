"""A model and samples -> a Comparison of TFLM's interpreter and the generated code.

TFLM runs on this host from the tflite_micro package (its reference kernels, which define what is correct). Flash and
instructions of TFLM on a microcontroller are measured only with a library that the user has built for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Unpack

import numpy as np

from tflm_compat.compare.device import TflmLibrary, run_shim, run_tflm
from tflm_compat.compare.side import Side
from tinyengine_tf import api
from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.hooks import TRACE
from tinyengine_tf.ir import Graph, Tensor
from tinyengine_tf.lab import reference
from tinyengine_tf.lab.build import compile_network
from tinyengine_tf.lab.emulate import Run, run
from tinyengine_tf.lab.samples import load_samples
from tinyengine_tf.lab.verify import check_samples, compare_outputs, device_sample, random_samples
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.output import write_folder
from tinyengine_tf.request import Asked, Request
from tinyengine_tf.target import load_target

Sample = Sequence[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class LayerResult:
    """One layer of the generated code. `equal` is None where TFLM holds no such tensor (merged, or changed exactly)."""

    label: str
    op: str
    name: str
    tflite_ops: tuple[int, ...]
    kernel: str
    macs: int
    instructions: int | None
    equal: bool | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that was found out about one model.

    ours            generated code through its own API.
    shim            the same generated code under source written for TFLM, where `measured_tflm`.
    measured_tflm   TFLM's arena, flash, stack and instructions come from the target, not from this host.
    """

    model: str
    target: str
    title: str
    samples: int
    exact: bool
    difference: str | None
    ours: Side
    tflm: Side
    shim: Side | None
    measured_tflm: bool
    macs: int
    layers: tuple[LayerResult, ...] = field(default=())


def compare(
    model: api.Model,
    *,
    data: str | Path | None = None,
    samples: int = 3,
    seed: int = 0,
    library: TflmLibrary | None = None,
    **asked: Unpack[Asked],
) -> Comparison:
    """Run `model` through both and gather everything.

    data      .npy or .npz with samples along axis 0; None for `samples` of noise from `seed`.
    library   TFLM built for the target; None: its cost there is not measured.
    asked     as in tinyengine_tf.convert()
    Raises ToolchainError when a compiler, emulator or the tflite_micro package is missing.
    """
    request = Request.of(**asked)
    if library is not None:
        request.require_whole_model("the same source on both runs whole inputs in one arena")
    content, name = api.read_model(model, request.signature)
    graph, device = api.load_graph(content), request.target
    arena = api.compiled(graph, request)
    chosen = (
        random_samples(graph, samples, seed) if data is None else check_samples(graph, load_samples(data, graph.inputs))
    )
    expected = reference.run_layers(content, chosen, isolated=True)
    inputs = [device_sample(graph, arena, sample) for sample in chosen]
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as work:
        folder = Path(work)
        plain = _build_and_run(arena, folder / "plain", inputs, Options())
        traced = _build_and_run(arena, folder / "traced", inputs, Options(hooks=(TRACE,)), trace=True)
        host_ns = _host_ns(graph, request, folder / "host", chosen)
        on_device = shim = None
        if library is not None:
            on_device = run_tflm(content, graph, device, library, folder / "tflm", chosen)
            shim = run_shim(content, graph, folder / "shim", chosen, asked)
    layers = layer_results(arena, traced, expected)
    difference = compare_outputs(arena, plain, expected, chosen)
    wrong = next((layer.label for layer in layers if layer.equal is False), None)
    return Comparison(
        model=name,
        target=device.name,
        title=device.title,
        samples=len(chosen),
        exact=difference is None and wrong is None,
        difference=str(difference) if difference is not None else (f"layer {wrong}" if wrong is not None else None),
        ours=_our_side(arena, plain, host_ns),
        tflm=_tflm_side(content, chosen, on_device),
        shim=shim,
        measured_tflm=on_device is not None,
        macs=graph.macs,
        layers=layers,
    )


def _build_and_run(
    arena: ArenaPlan, folder: Path, inputs: Sequence[Sample], options: Options, trace: bool = False
) -> Run:
    write_folder(render(arena, options), folder / "c")
    return run(
        compile_network(folder / "c", arena.schedule.target, folder / "build"), inputs, trace=trace, timeout_s=1800.0
    )


def _host_ns(graph: Graph, request: Request, folder: Path, samples: Sequence[Sample]) -> int:
    """Fastest inference of the generated code on this host."""
    arena = api.compile_graph(graph, load_target("host"), request.goal, io=request.io)
    repeated = [device_sample(graph, arena, sample) for sample in samples for _ in range(20)]
    return min(_build_and_run(arena, folder, repeated, Options()).nanoseconds_each)


def layer_results(arena: ArenaPlan, traced: Run, expected: Sequence[dict[int, np.ndarray]]) -> tuple[LayerResult, ...]:
    """Every layer of the plan with what the traced run says of it over all samples."""
    results = []
    for layer in arena.schedule.layers:
        counted = [spent[layer.index] for spent in traced.layer_instructions if layer.index in spent]
        results.append(
            LayerResult(
                label=layer.label,
                op=layer.op.KIND,
                name=layer.op.name,
                tflite_ops=tuple(layer.op.source),
                kernel=layer.kernel.name,
                macs=layer.op.macs,
                instructions=max(counted, default=None),
                equal=_layer_equal(layer.index, layer.op.outputs, traced, expected),
            )
        )
    return tuple(results)


def _layer_equal(
    index: int, outputs: Sequence[Tensor], traced: Run, expected: Sequence[dict[int, np.ndarray]]
) -> bool | None:
    """Whether a layer's outputs hold TFLM's bytes in every sample; None when none can be compared."""
    verdicts = []
    for number, layers in enumerate(traced.layers):
        for i, tensor in enumerate(outputs):
            want = expected[number].get(tensor.source) if tensor.source is not None else None
            got = layers.get((index, i))
            if want is not None and got is not None and want.size == tensor.elements:
                verdicts.append(np.ascontiguousarray(want, tensor.dtype.numpy).tobytes() == got)
    return all(verdicts) if verdicts else None


def _our_side(arena: ArenaPlan, plain: Run, host_ns: int) -> Side:
    sizes = plain.sizes
    return Side(
        name="generated code",
        arena_bytes=arena.arena_bytes,
        arena_parts={"activations and scratch": arena.arena_bytes},
        objects_bytes=plain.static_ram_bytes - arena.arena_bytes,
        flash_parts={
            "code": sizes.code_bytes + sizes.library_flash_bytes,
            "weights and tables": sizes.weights_bytes + sizes.tables_bytes,
        },
        stack_bytes=plain.stack_bytes,
        init_instructions=plain.init_instructions,
        instructions=plain.instructions,
        host_ns=host_ns,
    )


def _tflm_side(content: bytes, samples: Sequence[Sample], on_device: Side | None) -> Side:
    host_ns = reference.fastest_ns(content, samples, isolated=True)
    recorded = reference.allocations(content, isolated=True)
    parts = {"activations and scratch": recorded.head_bytes, **recorded.parts}
    rest = recorded.total_bytes - sum(parts.values())
    if rest > 0:
        parts["other"] = rest
    if on_device is None:
        return Side(
            name="TFLM",
            arena_bytes=recorded.total_bytes,
            arena_parts=parts,
            flash_parts={"model file": len(content)},
            host_ns=host_ns,
        )
    return replace(on_device, arena_parts=parts, host_ns=host_ns)
