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
    ("errors", "templates", "version"),
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


def is_optional(package: str, path: Path) -> bool:
    """What a file may import late, since all works without: pictures, and TensorFlow, where TFLM has no answer."""
    return package == "matplotlib" or (package == "tensorflow" and path.stem == "tensorflow_lite")


@pytest.mark.parametrize("path", sources(PACKAGE), ids=lambda path: str(path.relative_to(REPO)))
def test_the_converter_needs_no_heavy_package(path: Path) -> None:
    for name, inside_function in imported(path):
        top = name.partition(".")[0]
        assert top not in HEAVY or (inside_function and is_optional(top, path)), f"imports {name}"
        if top == "tflite_micro":
            assert inside_function and path.stem == "reference", (
                "TFLM is optional: only lab/reference.py imports it, late"
            )


# The same of the other packages: the longest prefix of a module's name says where it stands.
OTHERS = {
    "nas_keras": (
        ("plugins", "files", "data", "cost.footprint", "show.screen"),
        ("families",),
        ("families.mbconv",),
        ("space",),
        ("cost",),
        ("search",),
        ("budget", "loading", "augmentation"),
        ("train.epochs", "export"),
        ("train",),
        ("emulated", "show"),
        ("result", "request"),
        ("train.stages",),
        ("remote",),
        ("api",),
        ("arguments",),
        ("cli", "demo"),
        ("__main__",),
    ),
    "tflm_compat": (
        ("symbols", "graph"),
        ("library",),
        ("migrate", "compare"),
        ("cli",),
        ("__main__",),
    ),
}


def place(package: str, module: str) -> int:
    """Rank of `nas_keras.cost.footprint.Limits`: that of the longest name listed that it begins with."""
    ranks = {f"{package}.{name}.": rank for rank, stage in enumerate(OTHERS[package]) for name in stage}
    fitting = [name for name in ranks if f"{module}.".startswith(name)]
    assert fitting, f"{module} has no place in the import order of this test"
    return ranks[max(fitting, key=len)]


@pytest.mark.parametrize("package", OTHERS)
def test_imports_of_the_packages_above_point_one_way(package: str) -> None:
    for path in sources(package):
        module = ".".join(path.relative_to(REPO).with_suffix("").parts).removesuffix(".__init__")
        for name, _ in imported(path):
            top, _, rest = name.partition(".")
            if module != package and top == package and rest:
                assert place(package, name) <= place(package, module), f"{module} must not import {name}"
            assert top in (package, PACKAGE) or top not in (*OTHERS, PACKAGE), f"{module} must not import {name}"


def test_no_two_modules_of_the_search_import_each_other() -> None:
    modules = {".".join(p.relative_to(REPO).with_suffix("").parts): p for p in sources("nas_keras")}
    modules = {name.removesuffix(".__init__"): path for name, path in modules.items()}
    above = {
        module: {name if name in modules else name.rpartition(".")[0] for name, _ in imported(path)} - {module}
        for module, path in modules.items()
    }
    left = set(modules) - {"nas_keras"}  # the package itself re-exports its public names
    while ready := {module for module in left if not above[module] & left}:
        left -= ready
    assert not left, f"in or above a cycle: {sorted(left)}"


@pytest.mark.parametrize("module", [PACKAGE, "nas_keras.cli", "nas_keras.api", "tflm_compat.cli"])
def test_importing_a_package_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(set(sys.modules) & {set(HEAVY) | {'tflite_micro', 'jax', 'torch'}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_files_are_named_for_what_they_hold() -> None:
    folders = (PACKAGE, "nas_keras", "tflm_compat", "tests", "examples", "benchmarks")
    vague = [path for folder in folders for path in (REPO / folder).rglob("*") if path.stem.lower() in VAGUE]
    # TFLM's own header paths are not ours to name.
    assert not [path for path in vague if "tensorflow/lite" not in path.as_posix()]
