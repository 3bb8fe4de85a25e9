"""Every rule that a parser can raise is listed with its operator: found in the source, not by trying models."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from functools import cache
from types import ModuleType

import pytest

from tinyengine_tf import ops
from tinyengine_tf.ops.base import FLOAT_REGISTRY, REGISTRY, Entry, Reject, Rule

MODULES = [importlib.import_module(f"{ops.__name__}.{m.name}") for m in pkgutil.iter_modules(ops.__path__)]
ENTRIES = (*REGISTRY.values(), *FLOAT_REGISTRY.values())


@cache
def tree(module: ModuleType) -> ast.Module:
    assert module.__file__ is not None
    with open(module.__file__, encoding="utf-8") as file:
        return ast.parse(file.read())


@cache
def functions() -> dict[str, list[tuple[ModuleType, ast.FunctionDef]]]:
    """Functions and methods of the package by name; one name may be several's."""
    found: dict[str, list[tuple[ModuleType, ast.FunctionDef]]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append((module, node))
    return found


def method(cls: type, name: str) -> tuple[ModuleType, ast.FunctionDef]:
    owner = next(c for c in cls.__mro__ if name in vars(c))
    module = importlib.import_module(owner.__module__)
    (body,) = [n for n in ast.walk(tree(module)) if isinstance(n, ast.ClassDef) and n.name == owner.__name__]
    return module, next(n for n in body.body if isinstance(n, ast.FunctionDef) and n.name == name)


def raised(cls: type) -> set[Rule]:
    """Rules in `raise Reject(RULE, ...)` in cls.parse and in all functions that are called from there by name."""
    rules: set[Rule] = set()
    seen: set[int] = set()
    waiting = [method(cls, "parse")]
    while waiting:
        module, function = waiting.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                if node.func.id == "Reject":
                    argument = node.args[0]
                    if isinstance(argument, ast.Name) and argument.id in vars(module):
                        rules.add(vars(module)[argument.id])
                elif node.func.id != "cls":
                    waiting += functions().get(node.func.id, [])
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                owner = cls if node.func.value.id == "cls" else vars(module).get(node.func.value.id)
                if (
                    isinstance(owner, type)
                    and hasattr(owner, node.func.attr)
                    and owner.__module__.startswith(ops.__name__)
                ):
                    waiting.append(method(owner, node.func.attr))
    return rules


@pytest.mark.parametrize("cls", sorted({e.cls for e in ENTRIES}, key=lambda c: c.__name__), ids=lambda c: c.__name__)
def test_rules_that_are_enforced_are_listed(cls: type) -> None:
    names = [e for e in ENTRIES if e.cls is cls]
    listed = {rule.rule for e in names for rule in e.rules}
    assert {r.rule for r in raised(cls)} <= listed


def test_rejections_name_rules() -> None:
    """No sentence is made up where it is raised: the argument is a name of the module, or one of CONSTRAINTS."""
    for module in MODULES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reject":
                argument = node.args[0]
                assert isinstance(argument, ast.Name), f"{module.__name__}:{node.lineno}"
                value = vars(module).get(argument.id)
                assert isinstance(value, Rule) or argument.id in ("rule", "constraint"), (
                    f"{module.__name__}:{node.lineno}"
                )


def test_the_search_finds_rules_that_are_raised_deep_inside() -> None:
    found = {r.rule for r in raised(REGISTRY["CONV_2D"].cls)}
    assert "the output size follows from input, stride and padding" in found
    assert "the fused activation is NONE, RELU, RELU6 or RELU_N1_TO_1" in found


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.opcode}-{e.cls.__name__}")
def test_every_name_has_its_own_summary_and_rules(entry: Entry) -> None:
    others = [e.summary for e in ENTRIES if e is not entry]
    assert entry.summary not in others
    assert entry.rules or entry.opcode == "VAR_HANDLE"


def test_rejecting_takes_a_rule() -> None:
    assert str(Reject(Rule("it fits"), 3)) == "it fits"
