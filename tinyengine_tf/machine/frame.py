"""Stack slots by name: a word each, in the order in which they are named, from sp on."""

from __future__ import annotations

from tinyengine_tf.machine.instruction import expect
from tinyengine_tf.machine.registers import Address, CoreRegister, sp

WORD = 4


class Frame:
    """`frame["out"]` is the address of a slot.

    `under(n)` is the same frame when n more bytes lie on the stack, or n bytes from where another register points.
    """

    def __init__(self, *names: str, under_bytes: int = 0, base: CoreRegister = sp):
        expect(len(set(names)) == len(names), f"two slots of one name among {', '.join(names)}")
        self.names, self.under_bytes, self.base = names, under_bytes, base

    @property
    def nbytes(self) -> int:
        """Slots, rounded up to pairs: the stack stays aligned to eight bytes."""
        return -(-len(self.names) // 2) * 2 * WORD

    def __getitem__(self, name: str) -> Address:
        expect(name in self.names, f"no slot {name!r} among {', '.join(self.names)}")
        return self.base[self.under_bytes + WORD * self.names.index(name)]

    def pair(self, first: str, second: str) -> Address:
        """The address of two slots that are moved by one instruction: they must be neighbours."""
        expect(first in self.names and second in self.names, f"no slots {first!r} and {second!r}")
        neighbours = self.names.index(first) + 1 == self.names.index(second)
        expect(neighbours, f"slots {first!r} and {second!r} are no neighbours")
        return self[first]

    def under(self, nbytes: int, base: CoreRegister = sp) -> Frame:
        return Frame(*self.names, under_bytes=self.under_bytes + nbytes, base=base)
