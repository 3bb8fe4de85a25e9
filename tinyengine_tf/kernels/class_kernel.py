"""Kernels that are still classes of five callbacks, as Kernels: to be ported one family at a time, then deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from tinyengine_tf.ir import Op
from tinyengine_tf.kernels.base import ROW, Arg, Because, Code, Kernel, Layout, Lowered, Table, add
from tinyengine_tf.kernels.chains import CHAINS
from tinyengine_tf.kernels.types import ANY, Types
from tinyengine_tf.target import Core

ANYTHING = Types(data=ANY, weights=ANY, bias=ANY, state=ANY, out=ANY)


class ClassKernel:
    """Base class; subclasses are stateless and registered with @class_kernel."""

    name: ClassVar[str]
    ops: ClassVar[tuple[type[Op], ...]]
    why: ClassVar[str]
    template: ClassVar[str]
    types: ClassVar[tuple[Types, ...]] = (ANYTHING,)
    isa: ClassVar[str] = "portable"
    rank: ClassVar[int] = 0
    needs: ClassVar[tuple[str, ...]] = ()
    spends_flash: ClassVar[bool] = False

    def rejects(self, op: Any, core: Core) -> str | None:
        return None

    def layout(self, op: Any) -> Layout:
        return Layout()

    def tables(self, op: Any) -> tuple[Table, ...]:
        return ()

    def params(self, op: Any, units: int) -> dict[str, Any]:
        raise NotImplementedError

    def args(self, op: Any) -> tuple[str, ...]:
        return ()

    def lower(self, op: Any, core: Core) -> Lowered | Because:
        reason = self.rejects(op, core)
        if reason is not None:
            return Because(reason)
        args: tuple[Arg, ...] = tuple(ROW if a == "y" else int(a) for a in self.args(op))
        code = Code(self.template, lambda units: self.params(op, units), self.needs)
        return Lowered(code, self.layout(op), self.tables(op), args)


def class_kernel(cls: type[ClassKernel]) -> type[ClassKernel]:
    """Register a kernel class."""
    self = cls()
    after = tuple(name for chain in CHAINS if cls.name in chain for name in chain[chain.index(cls.name) + 1 :])
    add(Kernel(cls.name, cls.ops, cls.types, cls.isa, after, cls.spends_flash, cls.why, self.lower))
    return cls
