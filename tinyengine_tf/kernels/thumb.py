"""Small sequences of Thumb-2 instructions that assembly generators share."""

from __future__ import annotations

LARGEST_OFFSET = 4095
"""Bytes that a load or store can reach beyond its pointer, and that one instruction can add."""
LARGEST_PAIR_OFFSET = 1020
"""The same for loads and stores of two words."""
LARGEST_STEP = 255
"""Bytes by which a load or store can advance its pointer."""


def load_number(register: str, value: int) -> list[str]:
    """A constant modulo 2**32 into a register."""
    value %= 2**32
    return [f"movw {register}, #{value % 65536}"] + ([f"movt {register}, #{value // 65536}"] if value > 65535 else [])


def add_number(register: str, value: int, spare: str) -> list[str]:
    """register += value; `spare` may be lost."""
    if abs(value) <= LARGEST_OFFSET:
        return [f"{'add' if value > 0 else 'sub'} {register}, {register}, #{abs(value)}"] if value else []
    return [*load_number(spare, value), f"add {register}, {register}, {spare}"]


def load_words(registers: list[str], pointer: str) -> str:
    """Consecutive words into registers (in ascending order), the pointer advanced.

    A list of one register is no list: LDMIA of one is unpredictable in Thumb, though GCC's assembler makes it an LDR.
    """
    if len(registers) == 1:
        return f"ldr {registers[0]}, [{pointer}], #4"
    return f"ldmia {pointer}!, {{{', '.join(registers)}}}"


def store_words(registers: list[str], pointer: str) -> str:
    """The same, storing."""
    if len(registers) == 1:
        return f"str {registers[0]}, [{pointer}], #4"
    return f"stmia {pointer}!, {{{', '.join(registers)}}}"


def at_offset(operation: str, registers: list[str], pointer: str, offset: int) -> list[str]:
    """Load ("ldr") or store ("str") consecutive words at an offset, two at a time where the offset allows."""
    lines: list[str] = []
    while registers:
        n = 2 if len(registers) > 1 and offset <= LARGEST_PAIR_OFFSET else 1
        lines.append(f"{operation}{'d' if n == 2 else ''} {', '.join(registers[:n])}, [{pointer}, #{offset}]")
        registers, offset = registers[n:], offset + 4 * n
    return lines
