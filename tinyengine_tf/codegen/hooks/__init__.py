"""What a build for comparison or measurement calls while the network runs.

A hook is a template of three macros, asked with the context of net.c:

    declaration()    for NAME.h: the function that whoever builds must define
    after_layer(v)   at the end of a layer's function (a LayerView)
    after_step(s)    after the call of a step (a StepView)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hook:
    template: str


TRACE = Hook("hooks/trace.j2")
"""NAME_trace(layer, output, data, bytes) after each layer, row by row in pipelines."""

TICK = Hook("hooks/tick.j2")
"""NAME_tick(layer) after each step."""
