"""A Migration -> what the user does, in order, and nothing that is not so in this firmware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tflm_compat.migrate.advise import Migration, Move

PUT_IN = {
    "make": "compile {out}/src/*.c and put -I{out}/include before all other include paths",
    "cmake": "add_subdirectory({out} {name}) and target_link_libraries(<your target> PRIVATE {name})",
    "esp-idf": "put {out} into components/{name} and name {name} in REQUIRES",
    "zephyr": "west build ... -- -DZEPHYR_EXTRA_MODULES={out}",
    "arduino": "copy {out} into the sketchbook's libraries/",
    "platformio": "copy {out} to lib/{name}",
    "bazel": 'load("@tinyengine_tf//tinyengine_tf:defs.bzl", "tinyengine_tf_library") and depend on a '
    'tinyengine_tf_library(name = "{name}", model = ..., model_symbol = "{symbol}") in place of TFLM',
}


def steps(migration: Migration, out: str) -> list[str]:
    """What the user does, in order."""
    todo = [command(move, folder_of(move, migration, out)) for move in migration.moves]
    for move in migration.moves:
        todo += _array_steps(move)
    kinds: Sequence[str] = [kind for kind, _ in migration.findings.builds] or ["make"]
    for kind in kinds:
        for move in migration.moves:
            symbol = move.symbols.array.name if move.symbols.array else "NAME"
            todo.append(
                f"{kind}: " + PUT_IN[kind].format(out=folder_of(move, migration, out), name=move.name, symbol=symbol)
            )
            if kind == "arduino" and not move.headers:
                todo.append(
                    f"arduino: #include <{move.name}.h> in the sketch: that is how the IDE knows of this library"
                )
    if migration.stays:
        todo.append(f"TFLM cannot leave this firmware: {migration.stays[0]}")
        return todo
    origins = [o for o in migration.findings.origins if not o.build or o.build in kinds]
    todo += [f"{origin.build}: {origin.step}" if origin.build else origin.step for origin in origins]
    if not origins:
        todo.append(
            "take TFLM's library and include path out of the build; this folder does not tell where they come from"
        )
    if migration.source_changes:
        todo.append(
            f"change the sources where they cannot stay as they are: {len(migration.source_changes)} places, below"
        )
    elif not migration.findings.wrappers:
        otherwise = " otherwise" if len(migration.moves) > 1 and "arduino" in kinds else ""
        todo.append(
            f"leave the sources as they are{otherwise}; TFLM's own library and include path are no longer needed"
        )
    return todo


def _array_steps(move: Move) -> list[str]:
    if move.array is None:
        return ["load this very model at run time: the library is found by its content, another file is refused"]
    if move.symbols.array is None:
        why = f" ({move.array.private})" if move.array.private else ""
        return [
            f"leave the model array {move.array.symbol} where it is{why}; after a change of the model, "
            "convert again: an old library is refused"
        ]
    taken = list(dict.fromkeys(d.step for d in move.array.definitions if d.step))
    return [f"{step}: the library defines {move.array.symbol}" for step in taken] or [
        f"what defines {move.array.symbol} was not found (made by the build, or in TFLM's own folder): take it "
        "out of the build, for the library defines it"
    ]


def folder_of(move: Move, migration: Migration, out: str) -> str:
    """One model: the folder itself; several: a folder for each in it."""
    return out if len(migration.moves) == 1 else f"{out}/{move.name}"


def command(move: Move, out: str) -> str:
    options = ["--keep-flatbuffer"] if move.symbols.array is None else [f"--model-symbol {move.symbols.array.name}"]
    if move.symbols.length is not None:
        options.append(f"--length-symbol '{move.symbols.length.name}:{move.symbols.length_type}'")
    if move.symbols.header is not None:
        options.append(f"--model-header {move.symbols.header}")
    target = move.conversion.arena.schedule.target.name
    if not move.headers:
        options.append("--without-headers")
    options += [f"--target {target}", f"--name {move.name}", f"--out {out}"]
    return f"tinyengine_tf convert {move.file} --compat tflm {' '.join(options)}"
