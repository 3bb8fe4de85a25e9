"""The shape of the code base: imports point one way, the converter stays light, files are named for what they hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
PACKAGE = "tinyengine_tf"

# A module imports from its own stage and from those before it, never from those after it.
STAGES = (
    ("errors", "templates"),
    ("ir",),
    ("interpret",),
    ("regions",),
    ("target",),
    ("tflite",),
    ("ops",),
    ("passes",),
    ("machine",),
    ("kernels",),
    ("cost",),
    ("schedule",),
    ("memory",),
    ("codegen",),
    ("report", "output", "packaging", "command"),
    ("drawing",),
    ("lab", "calibrate"),
    ("request",),
    ("api",),
    ("arguments",),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, stage in enumerate(STAGES) for name in stage}
HEAVY = ("tensorflow", "tf_keras", "keras", "tensorflow_model_optimization", "sklearn", "matplotlib", "scipy")
VAGUE = ("util", "utils", "helper", "helpers", "common", "misc")


def sources(folder: str) -> list[Path]:
    return sorted((REPO / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """(dotted name, inside a function) of everything a file imports; `from a import b` gives a.b."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in inner) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from ((f"{node.module}.{alias.name}", id(node) in inner) for alias in node.names)


def stage_of(path: Path) -> str:
    """`tinyengine_tf/ops/base.py` -> `ops`."""
    return path.relative_to(REPO / PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", sources(PACKAGE), ids=lambda path: str(path.relative_to(REPO)))
def test_imports_point_one_way(path: Path) -> None:
    stage = stage_of(path)
    if stage == "__init__":  # the package itself re-exports its public names
        return
    assert stage in RANK, f"{stage} has no place in the import order of this test and of DESIGN.md"
    for name, _ in imported(path):
        parts = name.split(".")
        if parts[0] == PACKAGE and len(parts) > 1:
            assert RANK[parts[1]] <= RANK[stage], f"{stage} comes before {parts[1]} and must not import {name}"


@pytest.mark.parametrize("path", sources(PACKAGE), ids=lambda path: str(path.relative_to(REPO)))
def test_the_converter_needs_no_heavy_package(path: Path) -> None:
    for name, inside_function in imported(path):
        top = name.partition(".")[0]
        assert top not in HEAVY or (inside_function and top == "matplotlib"), f"imports {name}"
        if top == "tflite_micro":
            assert inside_function and path.stem == "reference", (
                "TFLM is optional: only lab/reference.py imports it, late"
            )


@pytest.mark.parametrize("folder", ["space", "cost"])
def test_search_space_and_cost_need_no_tensorflow(folder: str) -> None:
    for path in sources(f"nas_keras/{folder}"):
        assert not [name for name, _ in imported(path) if name.partition(".")[0] in HEAVY], path


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = f"import sys, {PACKAGE}; print(*(set(sys.modules) & {set(HEAVY) | {'tflite_micro', 'jax', 'torch'}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_files_are_named_for_what_they_hold() -> None:
    folders = (PACKAGE, "nas_keras", "tflm_compat", "tests", "examples", "benchmarks")
    vague = [path for folder in folders for path in (REPO / folder).rglob("*") if path.stem.lower() in VAGUE]
    # TFLM's own header paths are not ours to name.
    assert not [path for path in vague if "tensorflow/lite" not in path.as_posix()]
