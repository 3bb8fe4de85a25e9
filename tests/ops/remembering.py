"""Models with resource variables: what streaming networks are made of, and odd uses of them."""

from __future__ import annotations

import numpy as np

from tests.modelgen import ModelBuilder

Q = {"scale": 0.05, "zero_point": -7}


def handle(b: ModelBuilder, name: str) -> int:
    h = b.tensor((1,), "RESOURCE")
    b.op("VAR_HANDLE", [], [h], container="", shared_name=name)
    return h


def read(b: ModelBuilder, h: int, shape: tuple[int, ...], **quantisation: float) -> int:
    y = b.tensor(shape, **(quantisation or Q))
    b.op("READ_VARIABLE", [h], [y])
    return y


def initialised(b: ModelBuilder, **values: np.ndarray) -> None:
    """A CALL_ONCE whose subgraph assigns constants."""
    once = ModelBuilder("once")
    for name, value in values.items():
        once.op("ASSIGN_VARIABLE", [handle(once, name), once.const(value, **Q)], [])
    b.others.append(once)
    b.op("CALL_ONCE", [], [], init_subgraph_index=len(b.others))


def sliced(b: ModelBuilder, x: int, begin: int, shape: tuple[int, ...]) -> int:
    """Rows of dimension 1 from `begin` on."""
    y = b.tensor(shape, **Q)
    at = [0] * len(shape)
    at[1] = begin
    b.op("SLICE", [x, b.const(np.array(at, np.int32)), b.const(np.array(shape, np.int32))], [y])
    return y


def convolved(b: ModelBuilder, x: int, shape: tuple[int, ...], rows: int, seed: int) -> int:
    """A convolution over all `rows` rows and 3 columns."""
    rng = np.random.default_rng(seed)
    channels = shape[3]
    w = b.const(rng.integers(-127, 128, (channels, rows, 3, channels)).astype(np.int8), scales=[0.01] * channels)
    bias = b.const(rng.integers(-900, 900, channels).astype(np.int32))
    y = b.tensor(shape, **Q)
    options = {"padding": "VALID", "stride_w": 1, "stride_h": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}
    b.op("CONV_2D", [x, w, bias], [y], fused_activation_function="NONE", **options)
    return y


def streaming(*, initial: bool = False) -> bytes:
    """Two layers of a keyword spotter that gets a row at a time and keeps the rows before it."""
    b = ModelBuilder("streaming")
    x = b.input((1, 1, 10, 4), **Q)
    if initial:
        rng = np.random.default_rng(3)
        initialised(b, first=rng.integers(-128, 128, (1, 2, 10, 4)).astype(np.int8))
    for number, (name, width) in enumerate((("first", 10), ("second", 8))):
        h = handle(b, name)
        kept = read(b, h, (1, 2, width, 4))
        window = b.tensor((1, 3, width, 4), **Q)
        b.op("CONCATENATION", [kept, x], [window], axis=1, fused_activation_function="NONE")
        b.op("ASSIGN_VARIABLE", [h, sliced(b, window, 1, (1, 2, width, 4))], [])
        x = convolved(b, window, (1, 1, width - 2, 4), 3, number)
    b.output(x)
    return b.finish()


def delay_line() -> bytes:
    """Each variable takes the value of the next one: results are other names for memory that is overwritten."""
    b = ModelBuilder("delay")
    x = b.input((1, 6), **Q)
    handles = [handle(b, name) for name in "abc"]
    values = [read(b, h, (1, 6)) for h in handles]
    for h, value in zip(handles, [*values[1:], x], strict=True):
        b.op("ASSIGN_VARIABLE", [h, value], [])
    b.output(*values)
    return b.finish()


def swap() -> bytes:
    """Two variables that change places: neither may be overwritten first."""
    b = ModelBuilder("swap")
    x = b.input((1, 6), **Q)
    initialised(b, one=np.arange(6, dtype=np.int8).reshape(1, 6), two=np.arange(20, 26, dtype=np.int8).reshape(1, 6))
    one, two = handle(b, "one"), handle(b, "two")
    first, second = read(b, one, (1, 6)), read(b, two, (1, 6))
    y = b.tensor((1, 6), **Q)
    b.op("ADD", [first, x], [y], fused_activation_function="NONE")
    b.op("ASSIGN_VARIABLE", [one, second], [])
    b.op("ASSIGN_VARIABLE", [two, first], [])
    b.output(y)
    return b.finish()


def accumulator() -> bytes:
    """Reads after its own assignment, assigns twice, and has variables that are only read or only assigned."""
    b = ModelBuilder("accumulator")
    x = b.input((1, 4, 6), **Q)
    initialised(b, fixed=np.arange(24, dtype=np.int8).reshape(1, 4, 6), sum=np.full((1, 4, 6), 5, np.int8))
    total, fixed, unused = handle(b, "sum"), handle(b, "fixed"), handle(b, "unused")
    x = sums(b, x, read(b, fixed, (1, 4, 6)))
    b.op("ASSIGN_VARIABLE", [total, sums(b, x, read(b, total, (1, 4, 6)))], [])
    again = read(b, total, (4, 6))
    b.op("ASSIGN_VARIABLE", [unused, again], [])
    flat = b.tensor((1, 4, 6), **Q)
    b.op("RESHAPE", [again, b.const(np.array([1, 4, 6], np.int32))], [flat], new_shape=[1, 4, 6])
    b.op("ASSIGN_VARIABLE", [total, sums(b, flat, x)], [])
    b.output(again)
    return b.finish()


def sums(b: ModelBuilder, left: int, right: int, shape: tuple[int, ...] = (1, 4, 6)) -> int:
    y = b.tensor(shape, **Q)
    b.op("ADD", [left, right], [y], fused_activation_function="NONE")
    return y


MODELS = {
    "streaming": streaming(),
    "initialised": streaming(initial=True),
    "delay": delay_line(),
    "swap": swap(),
    "accumulator": accumulator(),
}


def broken(kind: str) -> bytes:
    """A model that breaks a rule of variables."""
    b = ModelBuilder("broken")
    x = b.input((1, 6), **Q)
    h = handle(b, "v")
    if kind == "late":
        value = read(b, h, (1, 6))
        initialised(b, v=np.zeros((1, 6), np.int8))
    elif kind == "size":
        initialised(b, v=np.zeros((1, 5), np.int8))
        value = read(b, h, (1, 6))
    elif kind == "type":
        value = read(b, h, (1, 6))
        b.op("ASSIGN_VARIABLE", [h, b.const(np.zeros((1, 6), np.int32))], [])
    elif kind == "unassigned":
        value = read(b, h, (1, 6))
    elif kind == "missing":
        b.op("CALL_ONCE", [], [], init_subgraph_index=3)
        value = x
    else:
        value = b.tensor((1, 6), **Q)
        b.op("READ_VARIABLE", [x], [value])
    b.output(sums(b, x, value, (1, 6)))
    return b.finish()
