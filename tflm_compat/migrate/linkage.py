"""The definition of an array -> can a library define it instead, and what then leaves the build."""

from __future__ import annotations

import re

from tflm_compat.migrate.outcome import Definition, Place
from tflm_compat.migrate.program import Program
from tflm_compat.migrate.tokens import byte_values
from tflm_compat.migrate.tree import HEADERS
from tflm_compat.migrate.unit import Unit, Variable

LENGTH_ENDINGS = ("_len", "_size", "_length", "Len", "Size", "_LEN", "_SIZE", "_bytes", "Length")


def is_length_of(name: str, array: str) -> bool:
    return any(name == array + ending for ending in LENGTH_ENDINGS)


def definition_of(variable: Variable, program: Program, used: Place) -> Definition:
    """`used` is where GetModel() is called."""
    unit = program.unit(variable.path)
    return Definition(
        Place(variable.path, variable.line),
        byte_values(variable.value or ()),
        _private(variable, unit, program, used),
        f"drop {variable.path} from the build",
    )


def _private(variable: Variable, unit: Unit, program: Program, used: Place) -> str | None:
    """Why nobody else can define it."""
    if "array" in variable.words:
        return f"it is a std::array in {variable.path}"
    if variable.function is not None:
        return f"it is local to {variable.function.name}() in {variable.path}"
    if variable.owner is not None:
        return f"it is a member of {variable.owner} in {variable.path}"
    if variable.path.endswith(HEADERS):
        return f"it stands in a header, {variable.path}"
    includer = program.includer_of(variable.path)
    if includer is not None:
        return f"{includer} includes {variable.path}"
    if "static" in variable.words:
        return f"it is static in {variable.path}"
    declared = any(v.name == variable.name and v.is_extern for u in program.units(variable.name) for v in u.variables)
    if variable.is_const and not declared and not variable.path.endswith(".c") and "::" not in variable.qualified:
        return (
            f"it is const in {variable.path} and not declared extern in this folder: "
            "in C++ that makes it private to the file"
        )
    more = [f"{f.name}()" for f in unit.functions if not f.is_macro]
    more += [
        v.name
        for v in unit.variables
        if v.function is None
        and v.owner is None
        and v.name != variable.name
        and not v.is_extern
        and not is_length_of(v.name, variable.name)
        and len(program.units(v.name)) > 1
        and not re.fullmatch(r"_+\w*", v.name)
    ]
    if more:
        return f"{variable.path} holds more than the array, such as {more[0]}"
    return None
