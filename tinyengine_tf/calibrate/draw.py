"""Layers of all kinds, so that every kernel has some to be measured on."""

from __future__ import annotations

from tinyengine_tf.calibrate.kinds import elementwise, movement, packed, products, reduction, wide
from tinyengine_tf.calibrate.layers import Sampler
from tinyengine_tf.ir import Op

MACS_LIMIT = 400_000
FAMILIES = (movement, elementwise, reduction, products, wide, packed)


def draw(sampler: Sampler, layers: int) -> list[Op]:
    """Layers of all kinds in random order, about `layers` of a kind of weight 1."""
    ops: list[Op] = []
    kinds = [*sampler.kinds(), *(kind for family in FAMILIES for kind in family.kinds(sampler))]
    for weight, make in kinds:
        wanted = len(ops) + round(weight * layers)
        while len(ops) < wanted:
            if (op := make()).macs <= MACS_LIMIT:
                ops.append(op)
    return [ops[i] for i in sampler.rng.permutation(len(ops))]
