"""Estimated cycles: what the manual says of single instructions, and which cores have an estimate."""

from __future__ import annotations

import pytest

from tinyengine_tf.calibrate.cycles import SOURCES, Instruction, _steps, registers
from tinyengine_tf.cost.table import cost_table


@pytest.mark.parametrize(
    ("mnemonic", "operands", "taken", "after_memory", "cycles"),
    [
        ("smlad", "r0, r1, r2, r3", False, True, 1),
        ("ldr.w", "r0, [r1], #4", False, False, 2),
        ("ldrsb", "r0, [r1]", False, True, 1),
        ("ldrd", "r0, r1, [r2]", False, True, 3),
        ("ldmia.w", "r0!, {r4, r5, r6}", False, False, 4),
        ("pop", "{r4-r7, pc}", True, False, 8),
        ("bne.n", "12", True, False, 3),
        ("bne.n", "12", False, False, 1),
        ("sdiv", "r0, r1, r2", False, False, 7),
    ],
)
def test_documented_timings(mnemonic: str, operands: str, taken: bool, after_memory: bool, cycles: int) -> None:
    assert Instruction(2, mnemonic, operands).cycles(taken, after_memory) == cycles


def test_registers() -> None:
    assert [registers(text) for text in ("{r4}", "{r4, lr}", "sp!, {r4-r11, lr}", "{s16-s19}")] == [1, 2, 9, 4]


def test_steps_end_at_the_hook_and_leave_it_out() -> None:
    code = {
        0: Instruction(2, "movs", ""),
        2: Instruction(4, "bl", "hook"),
        6: Instruction(2, "ldr", ""),
        8: Instruction(4, "bl", ""),
    }
    functions = {"net_invoke": 0, "net_tick": 100}
    addresses = iter([50, 0, 2, 100, 102, 6, 8, 100])
    assert list(_steps(addresses, code, functions, "net")) == [(1, 1), (2, 1)]


def test_cores_with_an_estimate() -> None:
    for core, (factor, source) in SOURCES.items():
        table = cost_table(core)
        assert table.cycles_source == source
        assert all(f.cycles is None or factor < f.cycles < 4 * factor for f in table.kernels.values())
    assert cost_table("riscv32").cycles_source == ""
