"""A memory plan -> the files that make its generated code answer to TFLM's API.

src/NAME_tflm.c               the model as a constant te_model, under the name that firmware uses
include/<header>              declares it as firmware's own header did (optional)
include/tensorflow/..., ...   TFLM's headers
include/tinyengine_tf_models.inc   where firmware keeps its flatbuffer array: what to compare it with
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Unpack

import jinja2

from tflm_compat.graph import graph_words
from tflm_compat.symbols import ModelSymbols
from tinyengine_tf import api, templates
from tinyengine_tf.codegen import Bundle, Options
from tinyengine_tf.codegen.entries import STEPS
from tinyengine_tf.errors import UnsupportedError, UsageError
from tinyengine_tf.ir import DType, Tensor
from tinyengine_tf.kernels.literal import c_float, c_text
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.regions import Places
from tinyengine_tf.request import Asked, Request
from tinyengine_tf.tflite import read, schema

MODEL_H = "tinyengine_tf/model.h"  # what a library's own C needs
HEAD_BYTES = 64
TENSOR_SLOT_BYTES_32 = 72  # TE_TENSOR_SLOT_BYTES of model.h where pointers have 4 bytes
CUSTOM = 32
TFLITE_TYPES = {
    DType.FLOAT32: 1,
    DType.INT32: 2,
    DType.UINT8: 3,
    DType.INT64: 4,
    DType.BOOL: 6,
    DType.INT16: 7,
    DType.INT8: 9,
}


def convert(
    model: api.Model,
    out: str | Path | None = None,
    *,
    symbols: ModelSymbols,
    name: str | None = None,
    builtin_arena: bool = False,
    profile_layers: bool = False,
    headers: bool = True,
    force: bool = False,
    **asked: Unpack[Asked],
) -> api.Conversion:
    """tinyengine_tf.convert() with TFLM's API on top.

    name            prefix of the library's own C symbols; default: made from the array's name. Two models in one
                    program need different ones.
    builtin_arena   bring an arena along, for when firmware's is null or too small.
    profile_layers  let a MicroProfiler see every layer; otherwise it sees the model as one event.
    force           replace files in `out` that we did not write; otherwise they are an error.
    headers         False: another library of the program brings TFLM's headers.
    asked           as in tinyengine_tf.convert(), of which TFLM's API allows target, optimize and budgets.
    Raises what tinyengine_tf.convert() raises.
    """
    Request.of(**asked).require_whole_model(
        "TFLM's API hands over whole inputs of the file's own first subgraph, and one arena"
    )
    asked["regions"] = Places(split=False)
    chosen_name = symbols.library_name if name is None else name
    options = Options(name=chosen_name, static_arena=False, entries=(STEPS,) if profile_layers else ())

    def extend(data: bytes, arena: ArenaPlan, chosen: Options) -> Bundle:
        return tflm_files(data, arena, chosen, symbols, builtin_arena=builtin_arena, headers=headers)

    return api.convert(
        model,
        out,
        options=options,
        extend=extend,
        force=force,
        **asked,
    )


def tflm_files(
    data: bytes, arena: ArenaPlan, options: Options, symbols: ModelSymbols, *, builtin_arena: bool, headers: bool
) -> Bundle:
    """The files beyond the generated code itself.

    data   the .tflite file that `arena` was planned for.
    """
    if arena.schedule.fed is not None:
        raise UsageError(
            "TFLM's API hands over whole inputs", hint="leave out --feed rows, or use the library without --compat"
        )
    if symbols.header in {f"{options.name}.h", *shim_headers()}:
        raise UsageError(
            f"the library has another header {symbols.header}", hint="choose another --name or --model-header"
        )
    context = template_context(data, arena, options, symbols, builtin_arena)
    environment = _environment()
    files = {f"src/{options.name}_tflm.c": environment.get_template("tflm.c.j2").render(context)}
    if symbols.header is not None:
        files[f"include/{symbols.header}"] = environment.get_template("model_data.h.j2").render(context)
    if symbols.array is None:
        files["include/tinyengine_tf_models.inc"] = environment.get_template("models.inc.j2").render(context)
    return {**files, **{f"include/{path}": text for path, text in shim_headers().items() if headers or path == MODEL_H}}


def template_context(
    data: bytes, arena: ArenaPlan, options: Options, symbols: ModelSymbols, builtin_arena: bool
) -> dict[str, Any]:
    graph = arena.schedule.graph
    whole, head = model_hash(data), model_hash(data[:HEAD_BYTES])
    return {
        "name": options.name,
        "NAME": options.name.upper(),
        "symbols": symbols,
        "graph": graph,
        "model_symbol": symbols.array.c_name if symbols.array is not None else f"{options.name}_te_model",
        "inputs": [_port(arena, t) for t in graph.inputs],
        "outputs": [_port(arena, t) for t in graph.outputs],
        "ops": used_ops(data),
        "graph_words": graph_words(data),
        "steps": STEPS in options.entries,
        "num_steps": len(arena.schedule.steps),
        "builtin_arena": builtin_arena,
        "source_bytes": len(data),
        "hash_words": _words(whole),
        "head_words": _words(head),
        "guard": "".join(c if c.isalnum() else "_" for c in (symbols.header or "")).upper() + "_",
    }


def _port(arena: ArenaPlan, tensor: Tensor) -> dict[str, Any]:
    """A graph input or output as te_tensor describes it."""
    if arena.schedule.owner(tensor)[0].const:
        raise UnsupportedError(
            [f"output {tensor.name!r} does not depend on the inputs"], hint="such a model needs no inference"
        )
    quant = tensor.quant if tensor.quant is not None and not tensor.quant.per_channel else None
    return {
        "name": c_text(tensor.name),
        "type": TFLITE_TYPES[tensor.dtype],
        "bytes": tensor.nbytes,
        "offset": arena.offset(tensor),
        "scale": c_float(quant.scale) if quant else "0.0f",
        "zero_point": quant.zero_point if quant else 0,
        "index": tensor.source if tensor.source is not None else -1,
        "shape": ", ".join(map(str, (len(tensor.shape), *tensor.shape))),
    }


def used_ops(data: bytes) -> list[tuple[int, str]]:
    """(builtin code, name) of every operator kind in the file, by first use; custom ones with their own name."""
    codes = {name: code for code, name in schema.BUILTIN_OPERATORS.items()}
    found = dict.fromkeys(op.opcode for op in read(data, "model").ops)
    return [
        (CUSTOM, c_text(text.partition(":")[2])) if text.startswith("CUSTOM:") else (codes[text], text)
        for text in found
    ]


def model_hash(data: bytes) -> int:
    """te_model_hash() of model.h: 64-bit FNV-1a over little-endian 32-bit words, the last one filled up with zeros."""
    value = 0xCBF29CE484222325
    padded = data + bytes(-len(data) % 4)
    for at in range(0, len(padded), 4):
        value = ((value ^ int.from_bytes(padded[at : at + 4], "little")) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def _words(value: int) -> str:
    return f"0x{value & 0xFFFFFFFF:08x}u, 0x{value >> 32:08x}u"


@cache
def shim_headers() -> dict[str, str]:
    """{path below include/: text} of TFLM's headers."""

    def walk(folder: Traversable, prefix: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.is_dir():
                found |= walk(entry, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".h"):
                found[prefix + entry.name] = entry.read_text(encoding="utf-8")
        return found

    return walk(resources.files("tflm_compat").joinpath("include"), "")


@cache
def _environment() -> jinja2.Environment:
    return templates.environment(("tflm_compat", "templates"))
