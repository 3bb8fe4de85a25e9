"""One source written for TFLM's API on the emulated core: against TFLM, as the user has built it, and against the shim.

    model.tflite, libtensorflow-microlite.a, TFLM's headers  ->  a Side: arena, flash, stack, instructions
    model.tflite, converted with the shim's headers          ->  a Side of the same source

The source, tflm_adapter.cc, gives TFLM's API the interface of generated code (tflm_init, tflm_input, ...), so that one
harness counts everything. It registers only the operators of the model, int8-only kernels where TFLM has them, as a
careful user would.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tflm_compat.compare.side import Side
from tflm_compat.library import convert, shim_headers, used_ops
from tflm_compat.symbols import ModelSymbols, Symbol
from tinyengine_tf import templates
from tinyengine_tf.errors import MismatchError, ToolchainError, UsageError
from tinyengine_tf.ir import Graph
from tinyengine_tf.lab import reference
from tinyengine_tf.lab.build import Program, compile_network, find_tool
from tinyengine_tf.lab.emulate import Run, run
from tinyengine_tf.output import write_folder
from tinyengine_tf.request import Asked, Request
from tinyengine_tf.target import Target
from tinyengine_tf.tflite import read

DEFAULT_FLAGS = ("-DTF_LITE_STATIC_MEMORY", "-DTF_LITE_STRIP_ERROR_STRINGS", "-DNDEBUG", "-DCMSIS_NN")
ARENA_SLACK = 1.25
FIGURES_BYTES = 8  # the last output: arena bytes used, bytes of interpreter and resolver
SHIM_NAME = "model"
Sample = Sequence[np.ndarray]


@dataclass(frozen=True)
class TflmLibrary:
    """A build of TFLM for the target.

    archive    libtensorflow-microlite.a
    includes   folders of its headers: TFLM's source tree, flatbuffers, gemmlowp, ruy
    flags      what it was compiled with and headers depend on
    """

    archive: Path
    includes: tuple[Path, ...]
    flags: tuple[str, ...] = DEFAULT_FLAGS

    def __post_init__(self) -> None:
        for path in (self.archive, *self.includes):
            if not path.exists():
                raise UsageError(
                    f"{path} does not exist", where="TFLM library", hint="--tflm-lib FILE.a --tflm-include FOLDER"
                )


@dataclass(frozen=True, kw_only=True)
class _Runtime:
    """What answers to TFLM's API below the adapter: C sources to compile with it, archives to link, headers."""

    title: str
    hint: str
    files: dict[str, str]
    includes: tuple[Path, ...]
    flags: tuple[str, ...]
    archives: tuple[Path, ...] = ()


def run_tflm(
    content: bytes, graph: Graph, target: Target, library: TflmLibrary, folder: Path, samples: Sequence[Sample]
) -> Side:
    """Build TFLM with the harness, run all samples, check its outputs against TFLM on this host."""
    runtime = _Runtime(
        title="TFLM",
        hint="are --tflm-flags those that the library was built with?",
        files={"src/tflm_weights.c": _render("tflm_weights.c.j2", {"model": content})},
        includes=library.includes,
        flags=library.flags,
        archives=(library.archive,),
    )
    program, observed = _build_and_run(content, graph, target, runtime, folder, samples)
    sizes = program.sizes
    code_bytes = sizes.flash_bytes - sizes.weights_bytes
    return _side("TFLM", observed, {"interpreter and kernels": code_bytes, "model file": sizes.weights_bytes})


def run_shim(content: bytes, graph: Graph, folder: Path, samples: Sequence[Sample], asked: Asked) -> Side:
    """The same source over the converted model, in the arena that TFLM is given; outputs are checked as TFLM's are."""
    symbols = ModelSymbols(Symbol("tflm_model"))
    bundle = convert(content, symbols=symbols, name="model", **asked).bundle
    runtime = _Runtime(
        title="the shim",
        hint="please report this model: it should be exact",
        files={f"src/{path}": text for path, text in bundle.items() if path.startswith(("include/", "src/"))},
        includes=(folder / "c/src/include",),
        flags=DEFAULT_FLAGS,
    )
    target = Request.of(**asked).target
    program, observed = _build_and_run(content, graph, target, runtime, folder, samples)
    sizes = program.sizes
    constants = sizes.weights_bytes + sizes.tables_bytes
    parts = {"shim and code": sizes.flash_bytes - constants, "weights and tables": constants}
    return _side("same source", observed, parts)


def _build_and_run(
    content: bytes, graph: Graph, target: Target, runtime: _Runtime, folder: Path, samples: Sequence[Sample]
) -> tuple[Program, Run]:
    """The adapter over `runtime` in the harness; raises MismatchError where a byte differs from TFLM's on this host."""
    arena_bytes = int(reference.smallest_arena_bytes(content, isolated=True) * ARENA_SLACK) // 16 * 16 + 1024
    write_folder({**adapter_files(content, graph, arena_bytes), **runtime.files}, folder / "c")
    adapter = ("-Wl,--whole-archive", str(_compile_adapter(runtime, target, folder)), "-Wl,--no-whole-archive")
    system = ("-lstdc++", "-lm", "-lc", "-lgcc", *(() if target.is_host else ("-lnosys",)))
    link = (*adapter, "-Wl,--start-group", *map(str, runtime.archives), *system, "-Wl,--end-group")
    program = compile_network(folder / "c", target, folder / "build", extra_link=link)
    observed = run(program, samples, timeout_s=1800.0)
    expected = reference.run(content, samples, isolated=True)
    for number, outputs in enumerate(observed.outputs):
        if any(got.tobytes() != want.tobytes() for got, want in zip(outputs, expected[number], strict=False)):
            raise MismatchError(
                f"{runtime.title} on {target.name} and TFLM on this host disagree in sample {number}",
                where="same source",
                hint=runtime.hint,
            )
    return program, observed


def _side(name: str, observed: Run, flash_parts: dict[str, int]) -> Side:
    used_bytes, objects_bytes = np.frombuffer(observed.outputs[0][-1].tobytes(), np.uint32).tolist()
    return Side(
        name=name,
        arena_bytes=used_bytes,
        arena_parts={},
        objects_bytes=objects_bytes,
        flash_parts=flash_parts,
        stack_bytes=observed.stack_bytes,
        init_instructions=observed.init_instructions,
        instructions=observed.instructions,
    )


def adapter_files(content: bytes, graph: Graph, arena_bytes: int) -> dict[str, str]:
    """The adapter and its header; the latter looks like that of generated code."""
    context: dict[str, Any] = {
        "arena_bytes": arena_bytes,
        "inputs": [t.nbytes for t in graph.inputs],
        "outputs": [*(t.nbytes for t in graph.outputs), FIGURES_BYTES],
        "calls": registrations(content),
    }
    return {
        "include/tflm.h": _render("tflm_adapter.h.j2", context),
        "adapter/tflm_adapter.cc": _render("tflm_adapter.cc.j2", context),
    }


def _render(template: str, context: dict[str, Any]) -> str:
    return templates.environment(("tflm_compat", "templates")).get_template(template).render(context)


INT8_KERNELS = (
    "ADD",
    "AVERAGE_POOL_2D",
    "BATCH_MATMUL",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
    "MUL",
    "PAD",
    "SOFTMAX",
    "SVDF",
    "TRANSPOSE_CONV",
    "TRANSPOSE",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
)
"""Operators of which TFLM registers kernels for int8 alone, which take less flash; the shim offers all such names."""


def registrations(content: bytes) -> list[str]:
    """`AddConv2D(tflite::Register_CONV_2D_INT8())` for each operator of the model."""
    adds, calls = _operator_table(), []
    for _, name in used_ops(content):
        if name not in adds:
            raise UsageError(f"TFLM's resolver has no function for {name}", where="TFLM library")
        kernel = f"tflite::Register_{name}_INT8()" if name in INT8_KERNELS and _is_int8_only(content, name) else ""
        calls.append(f"Add{adds[name]}({kernel})")
    return calls


def _is_int8_only(content: bytes, opcode: str) -> bool:
    """Whether all inputs of these operators are int8, or int32 as biases and shapes are."""
    model = read(content, "model")
    types = {model.tensors[i].dtype_name for op in model.ops if op.opcode == opcode for i in op.inputs if i >= 0}
    return types <= {"INT8", "INT32"}


@cache
def _operator_table() -> dict[str, str]:
    """{CONV_2D: Conv2D, ...}, from the shim's table of TFLM's operators."""
    text = shim_headers()["tinyengine_tf/tflm_ops.h"]
    adds = {suffix: add for add, suffix in re.findall(r"^  X\((\w+), (\w+)\)", text, re.MULTILINE)}
    adds |= {name: add for add, name in re.findall(r'^  X\((\w+), \w+, "([^"]+)"\)', text, re.MULTILINE)}
    return adds


def _compile_adapter(runtime: _Runtime, target: Target, folder: Path) -> Path:
    """An archive, because what the linker takes from archives counts."""
    compiler = find_tool(f"{target.compiler_prefix}g++", target.package)
    output, archive = folder / "tflm_adapter.o", folder / "libtflm_adapter.a"
    command = [
        compiler,
        *target.cflags,
        "-std=c++17",
        "-O2",
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-w",
        *runtime.flags,
        f"-I{folder / 'c/include'}",
        *(f"-I{path}" for path in runtime.includes),
        "-c",
        str(folder / "c/adapter/tflm_adapter.cc"),
        "-o",
        str(output),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ToolchainError(
            "TFLM's headers do not compile:\n" + "\n".join(done.stderr.splitlines()[:20]),
            where="TFLM library",
            hint="--tflm-include needs TFLM's source tree, flatbuffers, gemmlowp and ruy",
        )
    subprocess.run([find_tool(f"{target.compiler_prefix}ar", target.package), "rcs", archive, output], check=True)
    return archive
