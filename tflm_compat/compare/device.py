"""TFLM itself on the emulated core: a library that the user has built, called through this project's test harness.

    model.tflite, libtensorflow-microlite.a, TFLM's headers  ->  a Side: arena, flash, stack, instructions

The adapter gives TFLM the interface of generated code (tflm_init, tflm_input, ...), so that the same harness counts
both. It registers only the operators of the model, int8-only kernels where TFLM has them, as a careful user would.
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
from tflm_compat.library import shim_headers, used_ops
from tinyengine_tf import reference, templates
from tinyengine_tf.build import compile_network, find_tool
from tinyengine_tf.emulate import run
from tinyengine_tf.errors import MismatchError, ToolchainError, UsageError
from tinyengine_tf.ir import DType, Graph
from tinyengine_tf.output import write_folder
from tinyengine_tf.target import Target

DEFAULT_FLAGS = ("-DTF_LITE_STATIC_MEMORY", "-DTF_LITE_STRIP_ERROR_STRINGS", "-DNDEBUG", "-DCMSIS_NN")
ARENA_SLACK = 1.25
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


def run_tflm(
    content: bytes, graph: Graph, target: Target, library: TflmLibrary, folder: Path, samples: Sequence[Sample]
) -> Side:
    """Build TFLM with the harness, run all samples, check its outputs against TFLM on this host."""
    arena_bytes = int(reference.smallest_arena_bytes(content, isolated=True) * ARENA_SLACK) // 16 * 16 + 1024
    write_folder(adapter_files(content, graph, arena_bytes), folder / "c")
    adapter = _compile_adapter(library, target, folder)
    system = ("-lstdc++", "-lm", "-lc", "-lgcc", *(() if target.is_host else ("-lnosys",)))
    link = ("-Wl,--start-group", str(adapter), str(library.archive), *system, "-Wl,--end-group")
    program = compile_network(folder / "c", target, folder / "build", extra_link=link)
    observed = run(program, samples, timeout_s=1800.0)
    expected = reference.run(content, samples, isolated=True)
    for number, outputs in enumerate(observed.outputs):
        if any(got.tobytes() != want.tobytes() for got, want in zip(outputs, expected[number], strict=False)):
            raise MismatchError(
                f"TFLM on {target.name} and TFLM on this host disagree in sample {number}",
                where="TFLM library",
                hint="are --tflm-flags those that the library was built with?",
            )
    used = int(np.frombuffer(observed.outputs[0][-1].tobytes(), np.uint32)[0])
    sizes = program.sizes
    return Side(
        name="TFLM",
        arena_bytes=used,
        arena_parts={},
        flash_parts={
            "interpreter and kernels": sizes.library_flash_bytes + sizes.code_bytes + sizes.tables_bytes,
            "model file": sizes.weights_bytes,
        },
        stack_bytes=observed.stack_bytes,
        init_instructions=observed.init_instructions,
        instructions=observed.instructions,
    )


def adapter_files(content: bytes, graph: Graph, arena_bytes: int) -> dict[str, str]:
    """The folder of `generated code` that calls TFLM."""
    environment = templates.environment(("tflm_compat", "templates"))
    context: dict[str, Any] = {
        "arena_bytes": arena_bytes,
        "inputs": [t.nbytes for t in graph.inputs],
        "outputs": [*(t.nbytes for t in graph.outputs), 4],
        "model": content,
        "calls": registrations(content, graph),
    }
    return {
        "include/tflm.h": environment.get_template("tflm_adapter.h.j2").render(context),
        "src/tflm_weights.c": environment.get_template("tflm_weights.c.j2").render(context),
        "adapter/tflm_adapter.cc": environment.get_template("tflm_adapter.cc.j2").render(context),
    }


def registrations(content: bytes, graph: Graph) -> list[str]:
    """`AddConv2D(tflite::Register_CONV_2D_INT8())` for each operator of the model."""
    adds, typed = _operator_table()
    int8_only = all(t.dtype in (DType.INT8, DType.INT32) for op in graph.ops for t in op.inputs if t is not None)
    calls = []
    for _, name in used_ops(content):
        if name not in adds:
            raise UsageError(f"TFLM's resolver has no function for {name}", where="TFLM library")
        kernel = f"tflite::Register_{name}_INT8()" if int8_only and f"{name}_INT8" in typed else ""
        calls.append(f"Add{adds[name]}({kernel})")
    return calls


@cache
def _operator_table() -> tuple[dict[str, str], frozenset[str]]:
    """({CONV_2D: Conv2D, ...}, names of int8-only registrations), from the shim's table of TFLM's operators."""
    text = shim_headers()["tinyengine_tf/tflm_ops.h"]
    adds = {suffix: add for add, suffix in re.findall(r"^  X\((\w+), (\w+)\)", text, re.MULTILINE)}
    adds |= {name: add for add, name in re.findall(r'^  X\((\w+), \w+, "([^"]+)"\)', text, re.MULTILINE)}
    return adds, frozenset(re.findall(r"^  X\((\w+_INT8)\)", text, re.MULTILINE))


def _compile_adapter(library: TflmLibrary, target: Target, folder: Path) -> Path:
    compiler = find_tool(f"{target.compiler_prefix}g++", target.package)
    output = folder / "tflm_adapter.o"
    command = [
        compiler,
        *target.cflags,
        "-std=c++17",
        "-O2",
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-w",
        *library.flags,
        f"-I{folder / 'c/include'}",
        *(f"-I{path}" for path in library.includes),
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
    return output
