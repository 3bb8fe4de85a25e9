"""Schedule -> how often each buffer's bytes are read and written in one inference, to rank buffers by heat.

A layer writes its output once. Its operands are fetched once per multiply-accumulate from where the kernel reads
them: the scratch memory it gathered them into, if it has any, else its inputs. Where that is less, what is read is
the rows its windows ask for, or the whole input once. Estimates, made to compare buffers and nothing else.
"""

from __future__ import annotations

from collections import Counter

from tinyengine_tf.ir import Tensor
from tinyengine_tf.kernels.base import row_elements
from tinyengine_tf.memory.liveness import Liveness
from tinyengine_tf.schedule import Layer, Schedule, Step


def accesses(schedule: Schedule, live: Liveness) -> dict[str, int]:
    """Bytes read and written per inference, for each buffer of the planning problem."""
    count: Counter[str] = Counter({b.name: 0 for b in live.problem.buffers})
    for step in schedule.steps:
        for layer in step.layers:
            for tensor in layer.op.outputs:
                count[_buffer(schedule, live, step, tensor)] += tensor.nbytes
            _count_reads(count, schedule, live, step, layer)
    return dict(count)


def _count_reads(count: Counter[str], schedule: Schedule, live: Liveness, step: Step, layer: Layer) -> None:
    op, layout = layer.op, layer.layout
    if layout.state_bytes:
        count[Liveness.state(layer)] += 2 * max(sum(t.nbytes for t in op.data_inputs), layout.state_bytes)
    if layout.scratch_bytes:
        count[Liveness.scratch(step)] += 2 * max(op.macs, layout.scratch_bytes)
    inputs = [t for t in op.data_inputs if not schedule.owner(t)[0].const and not schedule.outside(t)]
    total = sum(t.nbytes for t in inputs)
    for tensor in inputs:
        read = _row_bytes_read(layer, tensor)
        if not layout.scratch_bytes:
            read = max(read, op.macs * tensor.nbytes // max(total, 1))
        count[_buffer(schedule, live, step, tensor)] += read


def _row_bytes_read(layer: Layer, tensor: Tensor) -> int:
    """The input once, or the rows of all windows."""
    windows = layer.layout.windows
    window = windows[layer.op.data_inputs.index(tensor)] if windows else None
    if window is None or layer.layout.flat:
        return tensor.nbytes
    rows = layer.calls * window.size * layer.op.output.shape[0]
    return max(tensor.nbytes, rows * row_elements(tensor) * tensor.dtype.nbytes)


def _buffer(schedule: Schedule, live: Liveness, step: Step, tensor: Tensor) -> str:
    """The buffer a tensor's bytes lie in: a ring's, or that of the tensor that owns the memory."""
    if tensor in step.rings:
        return live.buffer_of[step.rings[tensor].owner]
    return live.buffer_of[schedule.owner(tensor)[0]]
