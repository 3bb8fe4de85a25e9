"""What kernels say of themselves, and what select() makes of it: their order, their types, their answers."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from tests.graphs.draw import random_graph
from tinyengine_tf import api, passes
from tinyengine_tf.errors import UnsupportedError
from tinyengine_tf.ir import DType, Op, Tensor
from tinyengine_tf.kernels import select as selection
from tinyengine_tf.kernels.base import KERNELS, Because, Code, Kernel, Lower, Lowered
from tinyengine_tf.kernels.select import candidates, lower, select
from tinyengine_tf.kernels.types import ANY
from tinyengine_tf.machine.registers import r0, r1
from tinyengine_tf.machine.thumb2 import ldrd
from tinyengine_tf.ops.conv2d import Conv2D
from tinyengine_tf.ops.lookup import Lookup
from tinyengine_tf.target import Core, load_target

KINDS = sorted({kind for k in KERNELS.values() for kind in k.ops}, key=lambda kind: kind.__name__)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
ELEMENT_TYPES = r"[suf]?(8|16|32)"
HELIUM = load_target("cortex-m55").processor
"""Has all instructions."""


def kernel(offset: int) -> Kernel:
    def te_reaches_far(op: Any, core: Core) -> Lowered | Because:
        ldrd(r0, r1, r0[offset])
        return Lowered(Code("", lambda units: {}))

    return Kernel("te_reaches_far", (Lookup,), (), "dsp", (), False, "", te_reaches_far)


def test_a_number_that_no_instruction_holds_is_a_reason() -> None:
    core = Core("cortex-m4", "dsp")
    op: Any = None
    assert isinstance(lower(kernel(1020), op, core), Lowered)
    assert lower(kernel(1024), op, core) == Because(
        "the offset of ldrd takes multiples of 4 from -1020 to 1020, not 1024"
    )


def after(name: str) -> set[str]:
    """All kernels that a kernel is preferred to, directly or not."""
    found: set[str] = set()
    front = [name]
    while front:
        for following in KERNELS[front.pop()].before:
            if following not in found:
                found.add(following)
                front.append(following)
    return found


@EVERY_KIND
def test_the_order_of_an_operators_kernels_is_total(kind: type[Op]) -> None:
    """No two kernels that compute the same types are left to the alphabet, and none is preferred to itself."""
    kernels = [k for k in KERNELS.values() if kind in k.ops]
    pairs = [(a.name, b.name) for a, b in combinations(kernels, 2) if share_types(a, b)]
    assert not [pair for pair in pairs if (pair[1] in after(pair[0])) == (pair[0] in after(pair[1]))]
    assert not [k.name for k in kernels if k.name in after(k.name)]


def share_types(a: Kernel, b: Kernel) -> bool:
    return any(set(s.data) & set(t.data) and set(s.out) & set(t.out) for s in a.types for t in b.types)


def test_kernels_are_preferred_to_others_of_the_same_operator() -> None:
    for k in KERNELS.values():
        for name in k.before:
            assert name in KERNELS, f"{k.name} is preferred to {name}, which does not exist"
            assert set(k.ops) & set(KERNELS[name].ops), f"{k.name} and {name} share no operator"


def test_one_kernel_per_file_which_is_named_as_the_kernel() -> None:
    """With element types where kernels differ in these alone, else perhaps without."""
    assert [module for module, n in Counter(k.lower.__module__ for k in KERNELS.values()).items() if n > 1] == []
    for k in KERNELS.values():
        name = k.name.removeprefix("te_")
        untyped = "_".join(word for word in name.split("_") if not re.fullmatch(ELEMENT_TYPES, word))
        expected = {name} if f"te_{untyped}" in KERNELS else {name, untyped}
        assert k.name.startswith("te_") and k.lower.__module__.rpartition(".")[2] in expected


def test_only_kernels_that_move_take_any_type() -> None:
    for k in KERNELS.values():
        if any(ANY in (t.data, t.out, t.weights, t.bias, t.state) for t in k.types):
            assert ".movement." in k.lower.__module__, k.name


def kernels_of(kind: type[Op]) -> tuple[Kernel, ...]:
    return candidates(kind)  # type: ignore[arg-type]  # mypy takes an instance's __hash__ for it


def roles_of(kind: type[Op]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Roles of an instance's inputs and outputs: two inputs where there may be any number."""
    return kind.ROLES or ("data", "data"), kind.OUT_ROLES or ("out",)


def bare(kind: type[Op], dtypes: Sequence[DType]) -> Op:
    """An operator of which nothing is known but the types of its inputs and outputs."""
    tensors = tuple(Tensor(f"t{i}", (1, 2, 2, 4), dtype) for i, dtype in enumerate(dtypes))
    inputs = len(roles_of(kind)[0])
    op = object.__new__(kind)
    for name, value in (("inputs", tensors[:inputs]), ("outputs", tensors[inputs:]), ("function", "F")):
        object.__setattr__(op, name, value)
    return op


def accepted(kernel: Kernel, roles: Sequence[str], dtypes: Sequence[DType]) -> bool:
    return any(all(d in t.accepted(r) for r, d in zip(roles, dtypes, strict=True)) for t in kernel.types)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of all kernels that are given an operator, in order; each refuses it."""
    names: list[str] = []

    def watched(kind: type[Op]) -> list[Kernel]:
        def refuse(name: str) -> Lower:
            def asking(op: Op, core: Core) -> Because:
                names.append(name)
                return Because("asked")

            return asking

        return [replace(k, lower=refuse(k.name)) for k in kernels_of(kind)]

    monkeypatch.setattr(selection, "candidates", watched)
    yield names


@EVERY_KIND
def test_kernels_are_given_no_types_but_those_they_declare(kind: type[Op], asked: list[str]) -> None:
    """Each role in turn of every type, around each combination that some kernel declares."""
    inputs, outputs = roles_of(kind)
    roles = inputs + outputs
    around = {tuple((getattr(t, r) or ANY)[0] for r in roles) for k in kernels_of(kind) for t in k.types}
    for base in around:
        for position in range(len(roles)):
            for dtype in DType:
                dtypes = [*base[:position], dtype, *base[position + 1 :]]
                asked.clear()
                with pytest.raises(UnsupportedError):
                    select(bare(kind, dtypes), HELIUM)
                assert asked == [k.name for k in kernels_of(kind) if accepted(k, roles, dtypes)], dtypes


@pytest.mark.parametrize("dtype", [d for d in DType if d not in (DType.INT8, DType.INT16)], ids=lambda d: d.name)
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4", "cortex-m55", "riscv32", "host"])
def test_no_convolution_of_other_types(dtype: DType, core: str, asked: list[str]) -> None:
    bias = DType.INT32
    with pytest.raises(UnsupportedError, match=f"te_conv2d_s8: it computes int8 data, not {dtype.name.lower()}"):
        select(bare(Conv2D, [dtype, DType.INT8, bias, dtype]), load_target(core).processor)
    assert not asked
    if dtype is not DType.INT4:
        message = f"te_conv2d_s8: it computes int8 or int4 weights, not {dtype.name.lower()}"
        with pytest.raises(UnsupportedError, match=message):
            select(bare(Conv2D, [DType.INT8, dtype, bias, DType.INT8]), load_target(core).processor)
        assert not asked


def test_operators_of_networks_get_kernels_of_their_types() -> None:
    seen: set[str] = set()
    for seed in range(60):
        try:
            graph = passes.run(api.load_graph(random_graph(random.Random(seed))))
        except UnsupportedError:
            continue
        for op in graph.ops:
            if op.view_offset is None:
                kernel = select(op, HELIUM).kernel
                roles, tensors = zip(*op.by_role, strict=True)
                assert accepted(kernel, roles, [t.dtype for t in tensors]), (kernel.name, op)
                seen.add(kernel.name)
    assert len(seen) > 20
