"""Render the files of one generated model.

    include/NAME.h        the public interface
    src/NAME.c            the memory plan and the layers, in order
    src/NAME_kernels.h    the kernels these layers use, specialised
    src/NAME_weights.h/c  the constants
    NAME_sections.ld      (memory regions named) for the firmware's linker script

Deterministic: the same model, target and options give the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jinja2
import numpy as np

from tinyengine_tf import templates
from tinyengine_tf.codegen.address import Address, at
from tinyengine_tf.codegen.constants import Constants
from tinyengine_tf.codegen.entries import Entry, entries_of
from tinyengine_tf.codegen.functions import Functions
from tinyengine_tf.codegen.hooks import Hook
from tinyengine_tf.codegen.layers import Views, image_symbol, pitch_symbol, place, share_symbol
from tinyengine_tf.codegen.names import check_name
from tinyengine_tf.codegen.sections import sections
from tinyengine_tf.ir import DType, State, Tensor
from tinyengine_tf.kernels.base import row_elements
from tinyengine_tf.kernels.literal import c_float, c_text
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.version import VERSION

Bundle = Mapping[str, str]


@dataclass(frozen=True)
class Options:
    """name: C identifier that prefixes every symbol.
    hooks: what the network calls while it runs, for comparison or measurement.
    entries: ways into the library beyond those that its schedule calls for.
    static_arena: NAME_init(NULL) selects an arena inside the generated code.
    """

    name: str = "net"
    hooks: tuple[Hook, ...] = ()
    entries: tuple[Entry, ...] = ()
    static_arena: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Templates of this package and of the kernels; an undefined variable is an error."""
    env = templates.environment(("tinyengine_tf", "codegen"), ("tinyengine_tf", "kernels"))
    env.filters["c_float"] = c_float
    env.filters["c_text"] = c_text
    env.filters["at"] = at
    return env


@dataclass(frozen=True)
class StateView:
    """What is remembered, as net.c shows it: addresses, given `arena`, and what it is at first.

    fill      the byte that all initial bytes are; None: they are the constant array `initial`
    """

    before: Address
    after: Address
    nbytes: int
    fill: int | None
    initial: str

    @property
    def moved(self) -> bool:
        """Whether it must be moved at the end of an inference; a recurrent operator replaces it in place."""
        return self.before != self.after


@dataclass(frozen=True)
class ImageView:
    """The input that stays where the caller has it: C variables for its address and the elements between its rows."""

    tensor: Tensor
    pointer: str
    pitch: str

    @property
    def row_elements(self) -> int:
        return row_elements(self.tensor)


@dataclass(frozen=True)
class PortView:
    """One graph input or output as the header describes it."""

    index: int
    tensor: Tensor
    address: Address

    @property
    def dims(self) -> str:
        return ", ".join(map(str, self.tensor.shape or (1,)))


def render(arena: ArenaPlan, options: Options) -> Bundle:
    """All files of the model. Nothing is written."""
    env = environment()
    constants = Constants(options.name)
    functions = Functions(env)
    steps = Views(arena, constants, functions).steps()
    graph, image = arena.schedule.graph, arena.schedule.image

    def ports(tensors: tuple[Tensor, ...]) -> list[PortView]:
        return [PortView(i, t, port_address(arena, constants, t)) for i, t in enumerate(tensors)]

    states = [_state(arena, constants, i, s) for i, s in enumerate(graph.states)]
    context: dict[str, Any] = {
        "name": options.name,
        "NAME": options.name.upper(),
        "version": VERSION,
        "options": options,
        "graph": graph,
        "macs": arena.schedule.macs,
        "fed": steps[0].fed if steps else None,
        "image": None if image is None else ImageView(image, image_symbol(options.name), pitch_symbol(options.name)),
        "target": arena.schedule.target,
        "steps": steps,
        "layers": arena.schedule.layers,
        "computes_floats": any(t.dtype is DType.FLOAT32 for layer in arena.schedule.layers for t in layer.op.outputs),
        "arena_bytes": max(arena.plan.peak_bytes, 1),
        "region": arena.shares[0].region,
        "further": [(share_symbol(options.name, share), share) for share in arena.shares[1:]],
        "inputs": ports(graph.inputs),
        "outputs": ports(graph.outputs),
        "states": states,
        "moved": [s for s in states if s.moved],
        "functions": functions.texts,
        "preludes": functions.preludes,
    }
    context["constants"] = constants.arrays
    name = options.name
    files = {
        f"include/{name}.h": "net.h.j2",
        f"src/{name}.c": "net.c.j2",
        f"src/{name}_kernels.h": "net_kernels.h.j2",
        f"src/{name}_weights.h": "net_weights.h.j2",
        f"src/{name}_weights.c": "net_weights.c.j2",
    }
    context["sections"] = sections(arena)
    if context["sections"]:
        files[f"{name}_sections.ld"] = "net_sections.ld.j2"
    entries = (*entries_of(arena.schedule), *options.entries)
    context["hooks"] = [env.get_template(hook.template).make_module(context) for hook in options.hooks]
    context["entries"] = [env.get_template(entry.template).make_module(context) for entry in entries]
    return {path: env.get_template(template).render(context) for path, template in files.items()}


def port_address(arena: ArenaPlan, constants: Constants, tensor: Tensor) -> Address:
    """Where a graph input or output lies."""
    if arena.schedule.outside(tensor):
        return Address(image_symbol(constants.prefix))
    owner, _ = arena.schedule.owner(tensor)
    if owner.const:
        return Address(constants.tensor(owner))
    return place(arena, constants.prefix, arena.share(tensor), arena.offset(tensor))


def _state(arena: ArenaPlan, constants: Constants, index: int, state: State) -> StateView:
    content = np.frombuffer(state.initial.tobytes(), np.uint8)
    fill = int(content[0]) if (content == content[0]).all() else None
    initial = "" if fill is not None else constants.tensor(replace(state.before, const=True, data=state.initial))
    before, after = (port_address(arena, constants, t) for t in (state.before, state.after))
    return StateView(before, after, state.before.nbytes, fill, initial)
