"""Requantisation in three to six instructions, equal to TFLM's double rounding wherever the accumulator can be.

Kernels that use it accumulate A = 256 a, 256 times the sum a that TFLM requantises. With the multiplier
m * 2**-31 * 2**-r, TFLM computes (see ops.fixedpoint)

    h = floor((a m + 2**30) / 2**31)                  doubling high multiply, halves up
    y = floor((h + 2**(r-1) - [h < 0]) / 2**r) + z    rounding shift, halves away from zero; zero point z

where [h < 0] may be replaced by [a < 0]: they differ only for a = -1, h = 0, and then y is the same.
One instruction (SMMLA) gives t = floor((A M + c * 2**32) / 2**32). With M = m, nested floors collapse:

    c = 2**6 + 2**(r+6) (1 + 2 z)     y = floor((floor(t / 2**7) - [a < 0]) / 2**r)       signed
                                      y = floor(t / 2**(r+7))                             unsigned

`unsigned` is the first without the sign's correction, which matters only to outputs below z: a layer whose clamp
begins at z (every ReLU) never shows them. Channels whose r is too large for 32 bits get a smaller M and, in
exchange, a bias shifted by fractions of a; they are accepted only if the result is the same. Channels whose output
never changes (dead ones: all weights zero) get any bias that gives it.

The same holds for A = 2**j a with j >= 2: then 2**6 becomes 2**(j-2), and so on; elementwise kernels have other j.

Nothing relies on the argument above alone: `solve` compares every channel with TFLM's formula at both sides of each
of its up to 255 steps. Both are monotonic in a, so that proves equality for all sums that can occur.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinyengine_tf.ir import Quant, Tensor
from tinyengine_tf.kernels.base import Array, Because
from tinyengine_tf.kernels.dense.weighted import by_filter
from tinyengine_tf.machine import flow
from tinyengine_tf.machine.instruction import Instruction, Item
from tinyengine_tf.machine.registers import CoreRegister
from tinyengine_tf.machine.thumb2 import add, asr, cmp, lsl, mov, smmla, ssat
from tinyengine_tf.ops.conv2d import WeightedOp, channel_multipliers
from tinyengine_tf.ops.fixedpoint import Multiplier, requantize

SCALE = 256
"""Accumulators hold this many times the sum."""
SUM_LIMIT = 2**31 // SCALE
MAX_COMMON_TAIL = 13
"""Above it, step positions no longer fit 64 bits."""
CANDIDATES = (9, 65, 513)
"""How many M are tried: few first, for they mostly do."""
MAX_TAIL_SHIFT = 15
"""r - 1 at most: (1 + 2 z) << (r + 6) stays below 2**30 for every zero point."""


@dataclass(frozen=True, eq=False)
class Requantization:
    """How a layer requantises 256-fold sums.

    signed     the sign's correction is needed
    zero       output zero point
    low, high  clamp
    tail       r - 1 if all channels share it (the shift becomes an immediate), else None
    mantissas  int64 [channels]: M
    tails      int64 [channels]: r - 1
    biases     int64 [channels]: where 256-fold sums of weight * input start
    constant   bool [channels]: the output never changes; M and bias give it if the weights are taken as zero
    bits       j
    """

    signed: bool
    zero: int
    low: int
    high: int
    tail: int | None
    mantissas: np.ndarray
    tails: np.ndarray
    biases: np.ndarray
    constant: np.ndarray
    bits: int = 8

    @property
    def factor(self) -> int:
        """c = (factor << tail) + 2**(j-2)."""
        return (1 + 2 * self.zero) << (self.bits - 1)

    @property
    def half(self) -> int:
        """The rounding of the doubling high multiply, in units of t."""
        return 1 << (self.bits - 2)

    @property
    def layer_constant(self) -> int:
        """What generated code holds per layer, modulo 2**32: c itself, or the factor if channels differ in tail."""
        return (self.factor if self.tail is None else (self.factor << self.tail) + self.half) % 2**32

    def channel_constant(self, constant: CoreRegister, tail: CoreRegister, c: CoreRegister) -> list[Instruction]:
        """Instructions that make c from the layer's constant and the channel's tail (low byte of a register)."""
        return [lsl(c, constant, tail), add(c, c, self.half)] if self.tail is None else []

    def output(
        self, total: CoreRegister, mantissa: CoreRegister, c: CoreRegister, tail: CoreRegister, spare: CoreRegister
    ) -> list[Item]:
        """Instructions that turn the sum in register `total` into the output; `spare` (or `mantissa`, `c`) is lost."""
        return [*self.product(total, mantissa, c, spare), *self.shifted(total, tail)]

    def product(
        self, total: CoreRegister, mantissa: CoreRegister, c: CoreRegister, spare: CoreRegister
    ) -> list[Instruction]:
        """The first part of `output`, after which `mantissa` and `c` are no longer needed."""
        if not self.signed:
            return [smmla(total, total, mantissa, c)]
        return [smmla(spare, total, mantissa, c), asr(total, total, 31), add(total, total, spare.asr(self.bits - 1))]

    def shifted(self, total: CoreRegister, tail: CoreRegister) -> list[Item]:
        """The last part of `output`: the shift, the output's zero point already added, and the clamp."""
        code: list[Item] = [asr(total, total, tail)] if self.tail is None else []
        shift = (1 if self.signed else self.bits) + (self.tail or 0)
        code.append(ssat(total, 8, total.asr(shift)))
        if self.low > -128:
            code += [cmp(total, self.low), *flow.when("lt", mov(total, self.low))]
        if self.high < 127:
            code += [cmp(total, self.high), *flow.when("gt", mov(total, self.high))]
        return code


def evaluate(
    scaled: np.ndarray,
    mantissa: np.ndarray | np.int64,
    tail: np.ndarray | np.int64,
    zero: int,
    signed: bool,
    low: int,
    high: int,
    bits: int = 8,
) -> np.ndarray:
    """Exactly what the instructions compute from 2**bits-fold sums: SMMLA, sign correction, shift, saturate."""
    t = ((1 + 2 * zero << bits - 1) << tail) + (1 << bits - 2) + ((scaled * mantissa) >> 32)
    t = (((t >> bits - 1) + (scaled >> 31)) >> tail) >> 1 if signed else (t >> tail) >> bits
    return np.clip(t, low, high)


def tflm(sums: np.ndarray, mantissa: np.ndarray, r: np.ndarray, zero: int, low: int, high: int) -> np.ndarray:
    """TFLM's formula for right shifts r >= 1: ops.fixedpoint.requantize with an array of multipliers."""
    h = (sums * mantissa + (1 << 30)) >> 31
    return np.clip(((h + (1 << (r - 1)) - (h < 0)) >> r) + zero, low, high)


def products_range(filters: Array) -> tuple[Array, Array]:
    """Smallest and largest sum of weight * input of each output channel, over all int8 inputs."""
    positive, negative = np.maximum(filters, 0).sum(axis=1), np.minimum(filters, 0).sum(axis=1)
    return -128 * positive + 127 * negative, 127 * positive - 128 * negative


def solve(op: WeightedOp) -> Requantization | Because:
    """The requantisation of a layer, proven equal to TFLM's, or why there is none.

    Without weights, as in a search, the multipliers alone are looked at.
    """
    zero, (low, high) = op.output.zero_point, op.clamp
    if op.weights.data is None or (op.bias is not None and op.bias.data is None):
        assert op.weights.quant is not None
        return _without_weights(
            op.input.scale, op.weights.quant.scales, op.output.scale, op.out_channels, zero, low, high
        )
    assert op.input.quant is not None and op.output.quant is not None
    return _solve(op.weights, op.bias, op.CHANNEL_AXIS, op.input.quant, op.output.quant, op.clamp)


@lru_cache(maxsize=256)
def _solve(
    weights: Tensor, bias: Tensor | None, axis: int, into: Quant, out: Quant, clamp: tuple[int, int]
) -> Requantization | Because:
    """By all that the answer depends on: kernels of a layer ask alike, and the strips of an image share weights."""
    assert weights.quant is not None
    filters = by_filter(weights, axis)
    multipliers = channel_multipliers(into.scale, weights.quant.scales, out.scale, len(filters))
    zero, (low, high) = out.zero_point, clamp
    signed = low < zero
    mantissas = np.array([m.mantissa for m in multipliers], np.int64)
    rights = np.array([-m.shift for m in multipliers], np.int64)
    folded = -into.zero_point * filters.sum(axis=1)
    if bias is not None:
        folded += bias.values.reshape(-1)
    products = np.stack(products_range(filters), axis=1)
    ends = folded[:, None] + products
    constant = _outputs(ends, multipliers, zero, clamp)
    dead = constant[:, 0] == constant[:, 1]
    live = ~dead
    worst = int(np.abs((ends[live], products[live])).max(initial=0))  # kernels in C add the bias last
    if worst >= SUM_LIMIT:
        return Because(f"sums reach {worst:,}, 2^23 is the limit")
    if (rights[live] < 1).any():
        return Because("an output multiplier is 0.5 or more")
    solved = _solve_live(mantissas[live], rights[live], ends[live], zero, signed, low, high)
    if solved is None:
        return Because("the output multiplier of a channel has no short form")
    tails = np.zeros_like(rights)
    biases = SCALE * folded
    mantissas[live], tails[live], offsets = _with_one_tail(
        *solved, mantissas[live], rights[live], ends[live], zero, signed, low, high
    )
    biases[live] += offsets
    tails[dead] = tails[live].min(initial=MAX_TAIL_SHIFT) if live.any() else 0
    mantissas[dead] = 2**31 - 1
    biases[dead] = ((constant[dead, 0] - zero) << (tails[dead] + 9)) + (1 << (tails[dead] + 7))
    got = evaluate(biases, mantissas, tails, zero, signed, low, high)
    if (got[dead] != constant[dead, 0]).any() or np.abs(biases).max() >= 2**31:
        return Because("a channel of constant output has no short form")
    return _requantization(signed, zero, low, high, mantissas, tails, biases, dead)


@lru_cache(maxsize=4096)
def _without_weights(
    input_scale: float, scales: tuple[float, ...], output_scale: float, channels: int, zero: int, low: int, high: int
) -> Requantization:
    multipliers = channel_multipliers(input_scale, scales, output_scale, channels)
    mantissas = np.array([m.mantissa for m in multipliers], np.int64)
    tails = np.clip([-m.shift - 1 for m in multipliers], 0, MAX_TAIL_SHIFT)
    if low >= zero and tails.min() <= MAX_COMMON_TAIL:
        tails[:] = tails.min()  # weights almost always admit it: see _with_one_tail
    return _requantization(
        low < zero, zero, low, high, mantissas, tails, np.zeros_like(tails), np.zeros(len(tails), bool)
    )


def _requantization(
    signed: bool,
    zero: int,
    low: int,
    high: int,
    mantissas: np.ndarray,
    tails: np.ndarray,
    biases: np.ndarray,
    constant: np.ndarray,
) -> Requantization:
    used = set(tails.tolist())
    return Requantization(
        signed, zero, low, high, used.pop() if len(used) == 1 else None, mantissas, tails, biases, constant
    )


def _outputs(sums: Array, multipliers: tuple[Multiplier, ...], zero: int, clamp: tuple[int, int]) -> Array:
    """TFLM's outputs for sums [channels, n], any multiplier."""
    return np.stack([np.clip(requantize(row, m) + zero, *clamp) for row, m in zip(sums, multipliers, strict=True)])


def _steps(
    mantissa: np.ndarray, r: np.ndarray, ends: np.ndarray, zero: int, low: int, high: int
) -> tuple[np.ndarray, np.ndarray]:
    """(sums, outputs) [channels, n]: both ends of the range and both sides of each step of TFLM's formula within it."""
    m, right = mantissa[:, None], r[:, None]
    k = np.arange(low + 1, high + 1)[None, :] - zero
    # y >= k + zero from this h on; h beyond 2^26 is never reached and would overflow.
    h = np.clip((k << right) - (1 << (right - 1)) + (k <= 0), -(1 << 26), 1 << 26)
    from_sum = -((-(h << 31) + (1 << 30)) // m)
    steps = np.clip(np.concatenate((from_sum - 1, from_sum), axis=1), ends[:, :1], ends[:, 1:])
    sums = np.concatenate((ends, steps), axis=1)
    outputs = tflm(sums, m, right, zero, low, high)
    inside = (from_sum > ends[:, :1]) & (from_sum <= ends[:, 1:])
    assert (tflm(from_sum, m, right, zero, low, high) == k + zero)[inside].all(), (
        "the steps are not where they should be"
    )
    assert (inside.sum(axis=1) == outputs[:, 1] - outputs[:, 0]).all(), "a step is missing"
    return sums, outputs


def _solve_live(
    mantissa: np.ndarray, r: np.ndarray, ends: np.ndarray, zero: int, signed: bool, low: int, high: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """(M, r - 1, bias offset) per channel that reproduce TFLM at every step, or None."""
    sums, outputs = _steps(mantissa, r, ends, zero, low, high)
    found = np.stack((mantissa, r - 1, np.zeros_like(r)))
    open_ = np.ones(len(r), bool)
    for lost in range(32):
        # M loses `lost` bits; the bias makes up for the rounding constant, which does not shrink with it.
        part = (mantissa + (1 << lost >> 1)) >> lost
        offset = -np.round((64 - 64 / 2**lost) * 2**32 / np.maximum(part, 1)).astype(np.int64)
        tails = r - 1 - lost
        scaled = sums * SCALE + offset[:, None]
        got = evaluate(scaled, part[:, None], np.clip(tails, 0, MAX_TAIL_SHIFT)[:, None], zero, signed, low, high)
        fits = (
            open_
            & (tails >= 0)
            & (tails <= MAX_TAIL_SHIFT)
            & (got == outputs).all(axis=1)
            & (np.abs(scaled).max(axis=1) < 2**31)
        )
        found[:, fits] = np.stack((part, tails, offset))[:, fits]
        open_ &= ~fits
        if not open_.any():
            return found[0], found[1], found[2]
    return None


Solution = tuple[np.ndarray, np.ndarray, np.ndarray]


def _with_one_tail(
    found: np.ndarray,
    tails: np.ndarray,
    offsets: np.ndarray,
    mantissa: np.ndarray,
    r: np.ndarray,
    ends: np.ndarray,
    zero: int,
    signed: bool,
    low: int,
    high: int,
) -> Solution:
    """The solution with the smallest tail for all channels if every one has such a form, else the one given.

    A single shift is an immediate operand, which saves an instruction per output. M must then lose bits, but it has
    many: it is right if it puts every step between two neighbouring sums, and the bias can move all steps together.
    """
    tail = int(tails.min(initial=MAX_TAIL_SHIFT))
    if signed or (tails == tail).all() or tail > MAX_COMMON_TAIL:
        return found, tails, offsets
    common = found.copy(), np.full_like(tails, tail), offsets.copy()
    for c in np.flatnonzero(tails != tail):
        fit = _fit_tail(int(mantissa[c]), int(r[c]), ends[c], tail, zero, low, high)
        if fit is None:
            return found, tails, offsets
        common[0][c], common[2][c] = fit
    return common


def _fit_tail(m: int, r: int, ends: np.ndarray, tail: int, zero: int, low: int, high: int) -> tuple[int, int] | None:
    """(M, bias offset) with which one channel takes this tail, or None.

    The output reaches step k from sum s_k on: 256 s_k + offset must be the first of its kind with
    (256 s + offset) M >= T_k. So offset lies between the largest E_k = ceil(T_k / M) - 256 s_k and the smallest
    E_k + 255, if M leaves room.
    """
    steps, outputs = (column[0] for column in _steps(np.array([m]), np.array([r]), ends[None], zero, low, high))
    order = np.argsort(steps)
    steps, outputs = steps[order], outputs[order]
    reached = np.arange(outputs[0] + 1, outputs[-1] + 1)
    s = steps[np.searchsorted(outputs, reached)]
    threshold = ((reached - zero) << tail + 8) - (1 << tail + 7) - 64 << 32
    exact = m / 2.0 ** (r - 1 - tail)
    span = min(200 * exact / max(int(np.abs(s).max()) * SCALE, 1), exact / 2)
    for count in CANDIDATES:
        candidates = np.round(exact + np.linspace(-span, span, count)).astype(np.int64)
        e = -(-threshold[None, :] // candidates[:, None]) - SCALE * s[None, :]
        lowest, highest = e.max(axis=1), e.min(axis=1) + SCALE - 1
        best = int(np.argmax(highest - lowest))
        mantissa, offset = candidates[best], int(lowest[best] + highest[best]) // 2
        if lowest[best] <= highest[best] and np.abs(ends * SCALE + offset).max() < 2**31:
            if (evaluate(steps * SCALE + offset, mantissa, np.int64(tail), zero, False, low, high) == outputs).all():
                return int(mantissa), offset
    return None
