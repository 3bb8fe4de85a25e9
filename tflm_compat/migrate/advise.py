"""Findings and models -> a Migration: the conversions to run, what keeps the firmware from moving, what to tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tflm_compat.library import TENSOR_SLOT_BYTES_32, convert, used_ops
from tflm_compat.migrate.assign import GivenModel, Pairing, has_content, listed, pair_models, plain
from tflm_compat.migrate.outcome import Found, ReadAtRunTime, Unsure
from tflm_compat.migrate.scan import Findings, scan
from tflm_compat.migrate.steps import folder_of, steps
from tflm_compat.symbols import LENGTH_TYPES, ModelSymbols, Symbol
from tinyengine_tf import api
from tinyengine_tf.errors import TinyEngineError, ToolchainError, UsageError
from tinyengine_tf.lab import reference


@dataclass(frozen=True)
class Move:
    """One model of the firmware, converted. `array` is None where it is read at run time.

    headers              does this library bring TFLM's headers? The first one does.

    needed_arena_bytes   upper bound on a 32-bit processor, from an aligned start.
    tflm_arena_bytes     what TFLM itself needs on this host (8-byte pointers); None without the tflite_micro package.
    """

    array: Found | None
    data: bytes
    file: str
    symbols: ModelSymbols
    conversion: api.Conversion
    needed_arena_bytes: int
    tflm_arena_bytes: int | None
    headers: bool

    @property
    def name(self) -> str:
        return str(self.conversion.report["name"])


@dataclass(frozen=True)
class Migration:
    """All that is known about moving the models of one firmware.

    stays            why TFLM stays in the firmware: a model that is not converted, a call that could not be followed.
    source_changes   places in the sources that do not compile, or compute something else, without TFLM.
    problems         everything that keeps the firmware from building or running, these two included; warnings do not.
    """

    findings: Findings
    moves: tuple[Move, ...]
    stays: tuple[str, ...]
    source_changes: tuple[str, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def symbols(self) -> ModelSymbols:
        return self.moves[0].symbols

    @property
    def conversion(self) -> api.Conversion:
        return self.moves[0].conversion

    def write(self, out: Path, *, force: bool = False) -> None:
        """Each library into its folder; `force` as for Conversion.write()."""
        for move in self.moves:
            move.conversion.write(Path(folder_of(move, self, str(out))), force=force)

    def as_dict(self) -> dict[str, Any]:
        f = self.findings
        models = [
            {
                "model_symbol": m.symbols.array.name if m.symbols.array else None,
                "array": m.array.symbol if m.array else None,
                "keep_flatbuffer": m.symbols.array is None,
                "length_symbol": m.symbols.length.name if m.symbols.length else None,
                "model_header": m.symbols.header,
                "needed_arena_bytes": m.needed_arena_bytes,
                "tflm_arena_bytes": m.tflm_arena_bytes,
                "model_bytes": len(m.data),
                "weights_bytes": m.conversion.report["weights_bytes"],
            }
            for m in self.moves
        ]
        return {
            "files": f.files,
            **models[0],
            "models": models,
            "arenas": f.arenas,
            "read_at_run_time": [f"{r.place}: {r.how}" for r in f.read_at_run_time],
            "unsure": [f"{u.place}: {u.reason}" for u in f.unsure],
            "wrappers": [w.name for w, _ in f.wrappers],
            "builds": [kind for kind, _ in f.builds],
            "problems": list(self.problems),
            "warnings": list(self.warnings),
        }


def migrate(
    source: Path,
    model: Path | Sequence[tuple[str | None, Path]],
    *,
    target: str = "cortex-m4",
    symbol: str | None = None,
    name: str | None = None,
    keep_flatbuffer: bool = False,
) -> Migration:
    """Read the firmware at `source` and convert its models in memory. Writes nothing.

    model             the file, or several as (symbol of the array or None, file).
    symbol            the array that the first file is, where the firmware has several or it was not found.
    keep_flatbuffer   leave all arrays, or what is read at run time, as they are.
    Raises UsageError when it cannot tell which array is meant, and what convert() raises for a file that was given.
    """
    if not source.is_dir():
        raise UsageError(f"{source} is not a folder", hint="--source FOLDER of the firmware")
    files: list[tuple[str | None, Path]] = [(None, model)] if isinstance(model, Path) else list(model)
    if symbol is not None:
        files[0] = (symbol, files[0][1])
    given = [GivenModel(path.stem, api.read_model(path)[0], said) for said, path in files]
    findings = scan(source, named=[said for said, _ in files if said is not None])
    pairs = pair_models(findings, given, keep_flatbuffer)
    moves: list[Move] = []
    stays: list[str] = []
    for pair, file in zip(pairs, [*(str(path) for _, path in files), *[""] * len(pairs)], strict=False):
        try:
            moves.append(_move(findings, pair, file, target, name, keep_flatbuffer, len(pairs), not moves))
        except TinyEngineError as error:
            if pair.model in given or pair.array is None:
                raise
            stays.append(
                f"{pair.array.symbol} ({pair.array.used}) cannot be converted: {error.message.splitlines()[0]}"
            )
    stays += _unconverted(findings, moves, pairs) + _unfollowed(findings, given, keep_flatbuffer)
    changes = [f"{place}: {text}" for text, place in findings.not_supported]
    problems = [*stays, *changes, *_problems(findings, moves, pairs, keep_flatbuffer)]
    return Migration(
        findings, tuple(moves), tuple(stays), tuple(changes), tuple(problems), tuple(_warnings(findings, moves))
    )


def _move(
    findings: Findings,
    pair: Pairing,
    file: str,
    target: str,
    name: str | None,
    keep_flatbuffer: bool,
    count: int,
    headers: bool,
) -> Move:
    symbols = ModelSymbols(None) if keep_flatbuffer or pair.array is None else choose_symbols(findings, pair.array)
    data = pair.model.data
    if symbols.array is None and count > 1:  # libraries in one program need different names
        name = Symbol(re.sub(r"\W", "_", pair.array.stem if pair.array else pair.model.name)).name
        name = ModelSymbols(Symbol(name)).library_name
    if symbols.array is not None and count > 1:
        name = None  # from the array's own name
    conversion = convert(data, symbols=symbols, target=target, name=name, headers=headers)
    graph = conversion.arena.schedule.graph
    slots = TENSOR_SLOT_BYTES_32 * (len(graph.inputs) + len(graph.outputs))
    needed = (conversion.arena_bytes + 7) // 8 * 8 + slots
    try:
        tflm_bytes: int | None = reference.smallest_arena_bytes(data, isolated=True)
    except ToolchainError:
        tflm_bytes = None
    shown = file or f"MODEL.tflite (the bytes of {pair.model.symbol})"
    return Move(pair.array, data, shown, symbols, conversion, needed, tflm_bytes, headers)


def choose_symbols(findings: Findings, array: Found) -> ModelSymbols:
    """Take over the array's name, unless it is private to one file: then the firmware keeps it."""
    if array.private is not None:
        return ModelSymbols(None)
    stem = array.stem or array.symbol.split("::")[-1]
    length = next(
        ((n, t) for n, t, _ in findings.lengths if n.split("::")[-1].startswith(stem) and t in LENGTH_TYPES), None
    )
    header = choose_header(findings.missing_headers, stem) if not array.definitions else None
    return ModelSymbols(
        Symbol(array.symbol), Symbol(length[0]) if length else None, length[1] if length else "unsigned int", header
    )


def choose_header(missing: Sequence[str], array: str) -> str | None:
    """The one missing header that declares the array: called like it, or with data in its name, or the only one."""
    alike = [h for h in missing if plain(Path(h).stem) in plain(array)]
    data = [h for h in missing if "data" in Path(h).stem]
    return next((chosen[0] for chosen in (alike, data, missing) if len(chosen) == 1), None)


def _unconverted(findings: Findings, moves: Sequence[Move], pairs: Sequence[Pairing]) -> list[str]:
    """Arrays of which nobody has the file."""
    paired = [p.array for p in pairs]
    return [
        f"{a.symbol} ({a.used}) is another model of this firmware and not converted: give its file, too, as "
        f"--model {a.symbol}=FILE"
        for a in findings.models
        if a not in paired and not any(m.array is not None and a.excludes(m.array) for m in moves)
    ]


def _unfollowed(findings: Findings, given: Sequence[GivenModel], keep_flatbuffer: bool) -> list[str]:
    """Calls of GetModel() that may get something else. What the user said, counts."""
    found = []
    if not (keep_flatbuffer or len(findings.outcomes) == 1 and given[0].symbol is not None):
        found += [f"{u.place}: not sure what reaches GetModel(): {u.reason}" for u in findings.unsure]
    return found


def _problems(findings: Findings, moves: Sequence[Move], pairs: Sequence[Pairing], keep_flatbuffer: bool) -> list[str]:
    problems = []
    if not findings.includes and not findings.outcomes:
        problems.append("no use of TFLM was found in this folder")
    if not keep_flatbuffer:
        problems += [
            f"{r.place}: the model is read at run time ({r.how}). If the firmware goes on to load exactly this file, "
            "run this again with --keep-flatbuffer: the library is found by the file's content"
            for r in findings.read_at_run_time
        ]
    problems += [
        f"{place}: {w.name} calls TFLM: {w.why.format(out='DIR')}; not tried" for w, place in findings.wrappers
    ]
    open_calls: list[ReadAtRunTime | Unsure] = [*findings.read_at_run_time, *findings.unsure]
    free_files = sum(1 for pair in pairs if pair.array is None)
    if keep_flatbuffer and len(open_calls) > max(free_files, 1):
        problems.append(
            f"{len(open_calls)} places load models that are not arrays here "
            f"({listed([str(call.place) for call in open_calls])}), "
            f"and {free_files} files were given for them: give --model for each"
        )
    for move in moves:
        if move.array is not None and move.symbols.array is None and move.array.definitions:
            others = [d for d in move.array.definitions if d.data is not None and not has_content(d.data, move.data)]
            others = others if len(others) == len(move.array.definitions) else []
            problems += [
                f"{d.place}: the array that stays is another model than the file ({len(d.data or b''):,} and "
                f"{len(move.data):,} bytes): the library would not be found"
                for d in others
            ]
        places = {d.data: d.place for d in move.array.definitions} if move.array is not None else {}
        if move.array is not None and len(places) > 1:
            problems.append(
                f"{move.array.symbol} is defined more than once, with different content: "
                f"{listed([str(place) for place in places.values()])}; not sure which one the build uses"
            )
        stem = move.array.stem if move.array else None
        problems += [
            f"{place}: {n} has the type {t}, which --length-symbol does not know ({listed(LENGTH_TYPES)})"
            for n, t, place in findings.lengths
            if stem and n.split("::")[-1].startswith(stem) and t not in LENGTH_TYPES and move.symbols.array is not None
        ]
    needed = min((m.needed_arena_bytes for m in moves), default=0)
    problems += [
        f"arena {a} has {size:,} bytes and needs {needed:,}"
        for a, size in findings.arenas.items()
        if size is not None and size < needed
    ]
    return problems


def _warnings(findings: Findings, moves: Sequence[Move]) -> list[str]:
    warnings = []
    for move in moves:
        for definition in move.array.definitions if move.array is not None and move.symbols.array is not None else ():
            if definition.data is not None and not has_content(definition.data, move.data):
                warnings.append(
                    f"{definition.place}: the array is another model than the file ({len(definition.data):,} and "
                    f"{len(move.data):,} bytes)"
                )
        if findings.resolvers and not findings.all_operators and findings.operators:
            wanted = {name.replace("_", "").lower() for _, name in used_ops(move.data)}
            missing = sorted(wanted - {name.lower() for name in findings.operators} - {"signal"})
            if missing:
                warnings.append(
                    f"the resolver seems to lack {', '.join(missing)}: TFLM would refuse the model, "
                    "generated code runs it"
                )
        if move.tflm_arena_bytes is None:
            warnings.append("TFLM's own need is not known: its package is not at hand, or it refuses the model")
    for array in findings.models:
        for move in moves:
            if move.array is not None and array is not move.array and array.excludes(move.array):
                warnings.append(f"{array.used}: another #if branch takes {array.symbol} instead")
    warnings += [
        f"{place}: custom operator {name} is not needed and never called" for name, place in findings.custom_operators
    ]
    warnings += [
        f"{place}: {name} comes with TFLM's distribution: keep that folder in the build"
        for name, place in findings.brought_along
    ]
    warnings += [f"{place}: this GetModel() was not counted: {why}" for place, why in findings.elsewhere]
    warnings += [f"not read: {path}" for path in findings.unread]
    return list(dict.fromkeys(warnings))


def as_text(migration: Migration, out: str) -> str:
    """What the user reads. `out` is where the library lies or would lie."""
    m, f = migration, migration.findings
    lines = [f"read {f.files} source files"]
    for a in f.models:
        defined = ", ".join(str(d.place) for d in a.definitions)
        lines.append(f"  model     {a.symbol}, used at {a.used}" + (f", defined at {defined}" if defined else ""))
    lines += [f"  model     read at run time, {r.how}, at {r.place}" for r in f.read_at_run_time]
    lines += [f"  not sure  {u.reason}, at {u.place}" for u in f.unsure]
    lines += [f"  library   {w.name} at {place}" for w, place in f.wrappers]
    lines += [f"  length    {n} ({t}) at {place}" for n, t, place in f.lengths]
    lines += [f"  resolver  {size} operators at {place}" for size, place in f.resolvers]
    lines += [
        f"  arena     {a}: {f'{size:,} bytes' if size is not None else 'size not plain'}"
        for a, size in f.arenas.items()
    ]
    lines += ["", "before and after"]
    for move in m.moves:
        title = f"  {move.name}:" if len(m.moves) > 1 else ""
        lines += [title] if title else []
        lines += [
            f"  arena needed   TFLM {_bytes(move.tflm_arena_bytes)} (on this host)   "
            f"generated {move.needed_arena_bytes:,} bytes",
            f"  model in flash TFLM {len(move.data):,} bytes and an interpreter   "
            f"generated {move.conversion.report['weights_bytes']:,} bytes of constants",
        ]
        lines += [
            f"  arena {a} may shrink from {size:,} to {move.needed_arena_bytes:,} bytes"
            for a, size in f.arenas.items()
            if size and size > move.needed_arena_bytes and len(m.moves) == 1
        ]
    lines += ["", "what to change"] + [f"  {n}. {step}" for n, step in enumerate(steps(m, out), 1)]
    lines += ["", "problems"] + [f"  {p}" for p in m.problems] if m.problems else []
    lines += ["", "worth knowing"] + [f"  {w}" for w in m.warnings] if m.warnings else []
    return "\n".join(lines)


def _bytes(value: int | None) -> str:
    return "not known" if value is None else f"{value:,} bytes"
