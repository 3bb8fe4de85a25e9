"""Findings and a model -> a Migration: the conversion to run, and what to change in the firmware's build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_compat.library import TENSOR_SLOT_BYTES_32, convert, used_ops
from tflm_compat.migrate.scan import Findings, ModelArray, Place, scan
from tflm_compat.symbols import LENGTH_TYPES, ModelSymbols, Symbol
from tinyengine_tf import api, reference
from tinyengine_tf.errors import ToolchainError, UsageError

_NOWHERE = Place("(named on the command line)", 0)
STEPS = {
    "make": "compile {out}/src/*.c and put -I{out}/include before TFLM's include paths",
    "cmake": "add_subdirectory({out} net), target_link_libraries(<your target> PRIVATE {name}) in place of TFLM",
    "esp-idf": "put {out} into components/{name}; in REQUIRES and idf_component.yml {name} for esp-tflite-micro",
    "zephyr": "west build ... -- -DZEPHYR_EXTRA_MODULES={out}  and CONFIG_TENSORFLOW_LITE_MICRO=n in prj.conf",
    "arduino": "copy {out} into the sketchbook's libraries/ and remove Arduino_TensorFlowLite (or its fork) from there",
    "platformio": "copy {out} to lib/{name} and remove TFLM from lib_deps",
    "bazel": 'load("@tinyengine_tf//tinyengine_tf:defs.bzl", "tinyengine_tf_library") and depend on a '
    'tinyengine_tf_library(name = "{name}", model = ..., model_symbol = "{symbol}") in place of TFLM',
}


@dataclass(frozen=True)
class Migration:
    """All that is known about moving one model of one firmware.

    needed_arena_bytes   upper bound on a 32-bit processor, from an aligned start.
    tflm_arena_bytes     what TFLM itself needs on this host (8-byte pointers); None without the tflite_micro package.
    problems             what keeps the firmware from building or running; warnings do not.
    """

    findings: Findings
    symbols: ModelSymbols
    conversion: api.Conversion
    needed_arena_bytes: int
    tflm_arena_bytes: int | None
    model_bytes: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        f = self.findings
        return {
            "files": f.files,
            "model_symbol": self.symbols.array.name if self.symbols.array else None,
            "keep_flatbuffer": self.symbols.array is None,
            "length_symbol": self.symbols.length.name if self.symbols.length else None,
            "model_header": self.symbols.header,
            "arenas": f.arenas,
            "needed_arena_bytes": self.needed_arena_bytes,
            "tflm_arena_bytes": self.tflm_arena_bytes,
            "model_bytes": self.model_bytes,
            "weights_bytes": self.conversion.report["weights_bytes"],
            "builds": [kind for kind, _ in f.builds],
            "problems": list(self.problems),
            "warnings": list(self.warnings),
        }


def migrate(
    source: Path, model: Path, *, target: str = "cortex-m4", symbol: str | None = None, name: str | None = None
) -> Migration:
    """Read the firmware at `source` and convert `model` for it in memory. Writes nothing.

    symbol   the model array, where the firmware has several or it was not found.
    Raises UsageError when it cannot tell which array is meant, and what convert() raises.
    """
    if not source.is_dir():
        raise UsageError(f"{source} is not a folder", hint="--source FOLDER of the firmware")
    findings = scan(source)
    data, _ = api.read_model(model)
    array = choose_array(findings, data, symbol, model.stem)
    symbols = choose_symbols(findings, array)
    conversion = convert(model, symbols=symbols, target=target, name=name)
    graph = conversion.arena.schedule.graph
    slots = TENSOR_SLOT_BYTES_32 * (len(graph.inputs) + len(graph.outputs))
    problems, warnings = judge(findings, array, data)
    try:
        tflm_bytes: int | None = reference.smallest_arena_bytes(data, isolated=True)
    except ToolchainError as error:
        tflm_bytes = None
        warnings = [*warnings, f"TFLM's own need is not known: {error.message.splitlines()[0]}"]
    needed = (conversion.arena_bytes + 7) // 8 * 8 + slots
    too_small = [
        f"arena {a} has {size:,} bytes and needs {needed:,}"
        for a, size in findings.arenas.items()
        if size is not None and size < needed
    ]
    return Migration(
        findings, symbols, conversion, needed, tflm_bytes, len(data), (*problems, *too_small), tuple(warnings)
    )


def choose_array(findings: Findings, data: bytes, symbol: str | None, file: str) -> ModelArray:
    """The array meant: the one named, the one with this model's content, the only one, or the only one that is called
    like the model's file."""
    if symbol is not None:
        named = [a for a in findings.models if symbol in (a.name, a.name.split("::")[-1])]
        return named[0] if named else ModelArray(symbol, findings.models[0].used if findings.models else _NOWHERE)
    same = [a for a in findings.models if a.data == data]
    candidates = same or list(findings.models)
    alike = [a for a in candidates if _plain(file) in _plain(a.name)]
    for chosen in (candidates, alike):
        if len(chosen) == 1:
            return chosen[0]
    found = ", ".join(a.name for a in candidates) or "none"
    raise UsageError(f"which array is the model? GetModel is given: {found}", hint="--model-symbol NAME")


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def choose_symbols(findings: Findings, array: ModelArray) -> ModelSymbols:
    """Take over the array's name, unless it is private to one file: then the firmware keeps it."""
    if array.defined is not None and (array.is_static or array.in_header):
        return ModelSymbols(None)
    stem = array.name.split("::")[-1]
    length = next(
        ((n, t.strip()) for n, t, _ in findings.lengths if n.startswith(stem) and t.strip() in LENGTH_TYPES), None
    )
    header = choose_header(findings.missing_headers, stem) if array.defined is None else None
    return ModelSymbols(
        Symbol(array.name), Symbol(length[0]) if length else None, length[1] if length else "unsigned int", header
    )


def choose_header(missing: Sequence[str], array: str) -> str | None:
    """The one missing header that declares the array: called like it, or with data in its name, or the only one."""
    alike = [h for h in missing if _plain(Path(h).stem) in _plain(array)]
    data = [h for h in missing if "data" in Path(h).stem]
    return next((chosen[0] for chosen in (alike, data, missing) if len(chosen) == 1), None)


def judge(findings: Findings, array: ModelArray, data: bytes) -> tuple[list[str], list[str]]:
    """(problems, warnings)."""
    problems = [f"{place}: {text}" for text, place in findings.not_supported]
    warnings = []
    if not findings.includes and not findings.models:
        problems.append("no use of TFLM was found in this folder")
    if array.data is not None and array.data != data:
        warnings.append(
            f"{array.defined}: the array is another model than the file ({len(array.data):,} and {len(data):,} bytes)"
        )
    if findings.resolvers and not findings.all_operators:
        wanted = {name.replace("_", "").lower() for _, name in used_ops(data)}
        missing = sorted(wanted - {name.lower() for name in findings.operators} - {"signal"})
        if missing and findings.operators:
            warnings.append(
                "the resolver seems to lack "
                + ", ".join(missing)
                + ": TFLM would refuse the model, generated code runs it"
            )
    warnings += [
        f"{place}: custom operator {name} is not needed and never called" for name, place in findings.custom_operators
    ]
    warnings += [
        f"{place}: {name} comes with TFLM's distribution: keep that folder in the build"
        for name, place in findings.brought_along
    ]
    return problems, warnings


def as_text(migration: Migration, out: str) -> str:
    """What the user reads. `out` is where the library lies or would lie."""
    m, f = migration, migration.findings
    name = m.conversion.report["name"]
    lines = [f"read {f.files} source files"]
    lines += [
        f"  model     {a.name}, used at {a.used}" + (f", defined at {a.defined}" if a.defined else "") for a in f.models
    ]
    lines += [f"  length    {n} ({t}) at {place}" for n, t, place in f.lengths]
    lines += [f"  resolver  {size} operators at {place}" for size, place in f.resolvers]
    lines += [
        f"  arena     {a}: {f'{size:,} bytes' if size is not None else 'size not plain'}"
        for a, size in f.arenas.items()
    ]
    lines += [
        "",
        "before and after",
        f"  arena needed   TFLM {_bytes(m.tflm_arena_bytes)} (on this host)   generated {m.needed_arena_bytes:,} bytes",
    ]
    lines += [
        f"  model in flash TFLM {m.model_bytes:,} bytes and an interpreter   "
        f"generated {m.conversion.report['weights_bytes']:,} bytes of constants"
    ]
    lines += [
        f"  arena {a} may shrink from {size:,} to {m.needed_arena_bytes:,} bytes"
        for a, size in f.arenas.items()
        if size and size > m.needed_arena_bytes
    ]
    lines += ["", "what to change"] + [f"  {n}. {step}" for n, step in enumerate(steps(m, out, name), 1)]
    lines += ["", "problems"] + [f"  {p}" for p in m.problems] if m.problems else []
    lines += ["", "worth knowing"] + [f"  {w}" for w in m.warnings] if m.warnings else []
    return "\n".join(lines)


def steps(m: Migration, out: str, name: str) -> list[str]:
    """What the user does, in order."""
    array = next((a for a in m.findings.models if m.symbols.array is not None and a.name == m.symbols.array.name), None)
    todo = [command(m, out)]
    if array is not None and array.defined is not None:
        todo.append(f"drop {array.defined.path} from the build: the library defines {array.name}")
    if m.symbols.array is None:
        todo.append(
            "leave the model array where it is; after a change of the model, convert again: an old library is refused"
        )
    symbol = m.symbols.array.name if m.symbols.array else "NAME"
    kinds: Sequence[str] = [kind for kind, _ in m.findings.builds] or ["make"]
    todo += [f"{kind}: " + STEPS[kind].format(out=out, name=name, symbol=symbol) for kind in kinds]
    todo.append("leave the sources as they are; TFLM's own library and include path are no longer needed")
    return todo


def command(m: Migration, out: str) -> str:
    options = ["--keep-flatbuffer"] if m.symbols.array is None else [f"--model-symbol {m.symbols.array.name}"]
    if m.symbols.length is not None:
        options.append(f"--length-symbol '{m.symbols.length.name}:{m.symbols.length_type}'")
    if m.symbols.header is not None:
        options.append(f"--model-header {m.symbols.header}")
    target = m.conversion.arena.schedule.target.name
    options += [f"--target {target}", f"--name {m.conversion.report['name']}", f"--out {out}"]
    return f"tinyengine_tf convert MODEL.tflite --compat tflm {' '.join(options)}"


def _bytes(value: int | None) -> str:
    return "not known" if value is None else f"{value:,} bytes"
