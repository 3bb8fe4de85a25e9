"""Every operator says what it computes; that TFLM computes the same, `assert_exact` sees to in all other tests here."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.modelgen import ModelBuilder
from tests.ops.cases import int32, one_op_model
from tinyengine_tf import api, interpret
from tinyengine_tf.errors import InvalidIR, ToolchainError, UsageError
from tinyengine_tf.ir import DType, Op, Tensor, stored
from tinyengine_tf.kernels.base import KERNELS
from tinyengine_tf.lab import reference
from tinyengine_tf.ops.base import FLOAT_REGISTRY, REGISTRY, Definition
from tinyengine_tf.ops.variables import Variable

ENTRIES = (*REGISTRY.values(), *FLOAT_REGISTRY.values())
OPERATORS = {e.cls for e in ENTRIES} - {Variable} | {kind for k in KERNELS.values() for kind in k.ops}


@pytest.mark.parametrize("operator", sorted(OPERATORS, key=lambda c: c.__name__), ids=lambda c: c.__name__)
def test_every_operator_computes(operator: type[Op]) -> None:
    assert operator.compute is not Op.compute


def refusal(opcode: str) -> str:
    """What TFLM says of such an operator on two int32 tensors."""
    b = ModelBuilder()
    inputs, y = [b.input((1,), "INT32") for _ in range(2)], b.tensor((1,), "INT32")
    b.op(opcode, inputs, [y])
    b.output(y)
    try:
        reference.run(b.finish(), [[np.ones(1, np.int32)] * 2], isolated=True)
    except ToolchainError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("opcode", [name for name, e in REGISTRY.items() if e.definition is not Definition.TFLM])
def test_what_tflm_does_not_define_it_lacks(opcode: str) -> None:
    assert re.search("Didn't find op|not supported", refusal(opcode))


@pytest.mark.nightly
@pytest.mark.parametrize("opcode", [name for name, e in REGISTRY.items() if e.definition is Definition.TFLM])
def test_what_tflm_defines_it_has(opcode: str) -> None:
    assert "Didn't find op" not in refusal(opcode)


def test_operators_on_constants_are_computed_beforehand() -> None:
    """Whatever they are: here the pool of a constant image."""
    b = ModelBuilder()
    x = b.input((1, 2, 2, 3), scale=0.1)
    image = b.const(np.arange(48, dtype=np.int8).reshape(1, 4, 4, 3), scale=0.1)
    pooled, y = (b.tensor((1, 2, 2, 3), scale=0.1) for _ in range(2))
    window = {"filter_height": 2, "filter_width": 2, "stride_h": 2, "stride_w": 2, "padding": "VALID"}
    b.op("MAX_POOL_2D", [image], [pooled], **window)
    b.op("ADD", [x, pooled], [y], fused_activation_function="NONE")
    b.output(y)
    estimate = api.estimate(b.finish(), target="cortex-m4")
    (layer,) = estimate.arena.schedule.layers
    assert layer.op.inputs[1].values.reshape(4, 3).tolist() == [[15, 16, 17], [21, 22, 23], [39, 40, 41], [45, 46, 47]]


def test_values_of_all_tensors() -> None:
    graph = api.load_graph(one_op_model("TRANSPOSE", (2, 3), (3, 2), [int32(1, 0)]))
    x = np.arange(6, dtype=np.int8).reshape(2, 3)
    values = interpret.interpret(graph, [x])
    assert values[graph.inputs[0]].tolist() == x.tolist()
    assert values[graph.outputs[0]].tolist() == x.T.tolist()
    with pytest.raises(UsageError, match="2 arrays for 1 inputs"):
        interpret.interpret(graph, [x, x])


def test_results_that_do_not_fit_are_our_bug() -> None:
    with pytest.raises(InvalidIR, match="results from 0 to 128 for <int8 2 'y'>"):
        stored(np.array([0, 128]), Tensor("y", (2,), DType.INT8))
