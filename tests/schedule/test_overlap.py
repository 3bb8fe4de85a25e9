"""Legal distances between a layer's output and its input, against reading and writing byte by byte on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from tests.exact import assert_exact
from tests.modelgen import ModelBuilder
from tests.ops.test_running_sum import cumsum
from tests.schedule.test_pipelines import every_segment
from tinyengine_tf import api, passes
from tinyengine_tf.errors import UsageError
from tinyengine_tf.schedule import Goal
from tinyengine_tf.schedule.distance import Distance, strictest
from tinyengine_tf.schedule.kernels import choose_kernels
from tinyengine_tf.schedule.overlap import layer_distances
from tinyengine_tf.schedule.segments import Segments
from tinyengine_tf.schedule.storage import joinable
from tinyengine_tf.target import load_target

Access = tuple[str, int]
"""("read" or "write", byte of the input or output)."""


def survives(accesses: Iterable[Access], difference: int) -> bool:
    """Whether no byte of an input that lies `difference` above the output is overwritten before it is read."""
    written: set[int] = set()
    for what, byte in accesses:
        if what == "write":
            written.add(byte - difference)
        elif byte in written:
            return False
    return True


def mean_of_images(images: int, image: int, out: int) -> Iterator[Access]:
    """Global pooling: all bytes of an image, then those of its means."""
    for n in range(images):
        yield from (("read", n * image + i) for i in range(image))
        yield from (("write", n * out + i) for i in range(out))


def running_sums(outer: int, terms: int, inner: int, reverse: bool) -> Iterator[Access]:
    """CUMSUM as its template does it."""
    for block in range(outer):
        for j in range(inner):
            for k in reversed(range(terms)) if reverse else range(terms):
                yield from ((what, (block * terms + k) * inner + j) for what in ("read", "write"))


def claimed(model: bytes) -> Distance | None:
    graph = passes.run(api.load_graph(model), io="model")
    (layer,) = choose_kernels(graph, load_target("host"))[0]
    return layer_distances(layer).get(layer.op.input)


def assert_legal(
    claim: Distance | None, accesses: Callable[[], Iterable[Access]], in_bytes: int, out_bytes: int
) -> None:
    """A claim allows nothing that loses a byte; as a smallest distance it is the smallest."""
    assert claim is not None
    differences = range(-in_bytes, out_bytes + 1)
    fine = {d for d in differences if survives(accesses(), d)}
    apart = {d for d in differences if d <= -in_bytes or d >= out_bytes}
    allowed = {d for d in differences if d == claim.nbytes or (d > claim.nbytes and not claim.exact)}
    assert allowed <= fine
    if not claim.exact and claim.nbytes - 1 not in apart:
        assert claim.nbytes - 1 not in fine


@pytest.mark.parametrize("opcode", ["MEAN", "SUM", "AVERAGE_POOL_2D"])
@pytest.mark.parametrize("shape", [(1, 2, 3, 2), (2, 2, 1, 3), (3, 2, 2, 2), (4, 1, 2, 5), (5, 3, 1, 1)])
def test_gathered_images(opcode: str, shape: tuple[int, int, int, int]) -> None:
    """Later images are unread when an earlier one's means are written: that was overlooked for batches."""
    model = means(opcode, shape)
    images, height, width, channels = shape
    image = height * width * channels
    assert_legal(claimed(model), lambda: mean_of_images(images, image, channels), images * image, images * channels)


def means(opcode: str, shape: tuple[int, int, int, int]) -> bytes:
    b = ModelBuilder(opcode)
    x = b.input(shape, scale=0.1, zero_point=-7)
    y = b.tensor((shape[0], 1, 1, shape[3]), scale=0.1, zero_point=-7)
    if opcode == "AVERAGE_POOL_2D":
        size = {"filter_width": shape[2], "filter_height": shape[1], "stride_w": 1, "stride_h": 1}
        b.op(opcode, [x], [y], padding="VALID", fused_activation_function="NONE", **size)
    else:
        b.op(opcode, [x, b.const(np.array([1, 2], np.int32))], [y], keep_dims=True)
    b.output(y)
    return b.finish()


@pytest.mark.parametrize("opcode", ["MEAN", "SUM", "AVERAGE_POOL_2D"])
@pytest.mark.parametrize("images", [2, 3, 4])
def test_batches_are_exact_in_least_memory(opcode: str, images: int) -> None:
    assert_exact(means(opcode, (images, 3, 4, 6)), goal=Goal("ram"))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 1, 5), (3, 1, 2), (2, 2, 1)])
def test_running_sums(axis: int, reverse: bool, shape: tuple[int, int, int]) -> None:
    """Sums along an outer axis, and from the end, do not ascend: only exactly in place is legal."""
    outer, terms, inner = int(np.prod(shape[:axis])), shape[axis], int(np.prod(shape[axis + 1 :]))
    claim = claimed(cumsum(shape, axis, reverse=reverse))
    assert claim is not None and claim.exact == (inner > 1 or reverse)
    assert_legal(
        claim, lambda: running_sums(outer, terms, inner, reverse), outer * terms * inner, outer * terms * inner
    )


def test_distances_together() -> None:
    least, other, exact = Distance(-4), Distance(8), Distance(0, exact=True)
    assert least & other == other & least == other
    assert least & exact == exact & least == exact == exact & exact
    assert exact & other is None and other & exact is None
    assert exact & Distance(4, exact=True) is None
    assert strictest([least, other, least]) == other
    assert strictest([least, None]) is strictest([other, exact, least]) is None
    assert exact.moved(-3) == Distance(-3, exact=True)


def joined_on_the_way() -> bytes:
    """A concatenation along rows, computed where it belongs: its second part and its reader could seem a pipeline."""
    b = ModelBuilder("joined")
    quantised = {"scale": 0.1, "zero_point": 0}
    image = b.input((1, 8, 6, 2), **quantised)
    weights, bias = b.const(np.ones((1, 3, 3, 2), np.int8), scale=0.1), b.const(np.zeros(2, np.int32), scale=0.01)
    options = {"padding": "SAME", "stride_w": 1, "stride_h": 1, "depth_multiplier": 1}
    parts = [b.tensor((1, 8, 6, 2), **quantised) for _ in range(2)]
    b.op("DEPTHWISE_CONV_2D", [image, weights, bias], [parts[0]], **options)
    b.op("RELU", [image], [parts[1]])
    whole, out = b.tensor((1, 16, 6, 2), **quantised), b.tensor((1, 16, 6, 2), **quantised)
    b.op("CONCATENATION", parts, [whole], axis=1)
    b.op("DEPTHWISE_CONV_2D", [whole, weights, bias], [out], **options)
    b.output(out)
    return b.finish()


def test_a_part_of_another_tensor_is_never_inside_a_pipeline() -> None:
    """Its reader wants the other tensor, under a name that no ring has."""
    graph = passes.run(api.load_graph(joined_on_the_way()), io="model")
    layers, storage = choose_kernels(graph, load_target("host"), tuple(joinable(graph)))
    assert any(out in storage for layer in layers for out in layer.op.outputs)
    for segment in every_segment(Segments(graph, layers, storage)):
        for step in segment.steps:
            assert not any(layer.op.output in storage for layer in step.layers[:-1])
    assert_exact(joined_on_the_way(), goal=Goal("ram"))
    for feed in ("rows", "image"):
        with pytest.raises(UsageError, match="needed beyond the layers that run row by row"):
            api.convert(joined_on_the_way(), feed=feed)
