"""Documented timings of every instruction that kernels execute -> cycles per instruction: an estimate.

QEMU logs each instruction's address; the disassembly tells what it is, the next address whether a branch was taken.
Timings: table 3-1 of the Cortex-M4 Technical Reference Manual (Arm 100166_0001_00_en), memory without wait states. A
refill of the pipeline is documented as 1 to 3 cycles, a division as 2 to 12: the middle is taken. Loads and stores that
follow another take 1 cycle, as the manual says of those that pipeline. Arm documents no timings for the Cortex-M7,
which issues two instructions at once: it is taken to be faster than the Cortex-M4 as it is in CoreMark per MHz.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyengine_tf.codegen import Options, render
from tinyengine_tf.codegen.hooks import TICK
from tinyengine_tf.lab.build import Program, compile_network, find_tool
from tinyengine_tf.lab.emulate import run
from tinyengine_tf.lab.verify import random_samples
from tinyengine_tf.memory.arena import ArenaPlan
from tinyengine_tf.output import write_folder

REFILL_CYCLES = 2
DIVISION_CYCLES = 7
FLOAT_DIVISION_CYCLES = 14
FLOAT_ACCUMULATE_CYCLES = 3

M4_SOURCE = "Cortex-M4 TRM (Arm 100166), table 3-1, no wait states"
SOURCES: Mapping[str, tuple[float, str]] = {
    "cortex-m4": (1.0, M4_SOURCE),
    "cortex-m7": (3.40 / 5.01, f"{M4_SOURCE}; times 3.40 / 5.01, the CoreMark/MHz of Cortex-M4 and Cortex-M7"),
}
"""Core -> (its cycles for one of the Cortex-M4, where that is from)."""


@dataclass(frozen=True)
class Instruction:
    """What the disassembly says of one address."""

    size: int
    mnemonic: str
    operands: str

    @property
    def moves_memory(self) -> bool:
        """A load or store of one register, which may follow another in the next cycle."""
        return self.mnemonic.startswith(("ldr", "str", "vldr", "vstr")) and not self.mnemonic.startswith(
            ("ldrd", "strd")
        )

    def cycles(self, taken: bool, after_memory: bool) -> int:
        """`taken`: the next instruction is elsewhere; `after_memory`: the one before moves memory, too."""
        name, refill = self.mnemonic, REFILL_CYCLES if taken else 0
        if name.startswith(("ldm", "stm", "push", "pop", "vldm", "vstm", "vpush", "vpop")):
            return 1 + registers(self.operands) + refill
        if name.startswith(("ldrd", "strd")):
            return 3
        if self.moves_memory:
            return (1 if after_memory else 2) + refill
        if name.startswith(("sdiv", "udiv")):
            return DIVISION_CYCLES
        if name.startswith(("vdiv", "vsqrt")):
            return FLOAT_DIVISION_CYCLES
        if name.startswith(("vmla", "vmls", "vfma", "vfms", "vnml", "vfnm")):
            return FLOAT_ACCUMULATE_CYCLES
        return 1 + refill


def registers(operands: str) -> int:
    """Registers in a list such as {r4-r7, lr}."""
    count = 0
    for part in operands[operands.index("{") + 1 : operands.index("}")].split(","):
        ends = [int(n) for n in re.findall(r"\d+", part)]
        count += ends[1] - ends[0] + 1 if len(ends) == 2 else 1
    return count


def disassembly(program: Program) -> tuple[dict[int, Instruction], dict[str, int]]:
    """(instructions, functions) by address and name."""
    tool = find_tool(f"{program.target.compiler_prefix}objdump", program.target.package)
    text = subprocess.run([tool, "-d", str(program.path)], capture_output=True, text=True, check=True).stdout
    code, functions = {}, {}
    for line in text.splitlines():
        if found := re.match(r"([0-9a-f]+) <(.+)>:$", line):
            functions[found[2]] = int(found[1], 16)
        elif found := re.match(r" *([0-9a-f]+):\t([0-9a-f ]+?) *\t(\S+)\t?(.*)", line):
            code[int(found[1], 16)] = Instruction(len(found[2].replace(" ", "")) // 2, found[3], found[4])
    return code, functions


def cycles_of_steps(arena: ArenaPlan) -> list[tuple[int, int]]:
    """(cycles of a Cortex-M4, instructions) of every step of the schedule, on noise."""
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf.") as folder:
        log = Path(folder) / "executed.log"
        write_folder(render(arena, Options(hooks=(TICK,))), Path(folder) / "c")
        program = compile_network(Path(folder) / "c", arena.schedule.target, Path(folder) / "build")
        run(program, random_samples(arena.schedule.graph, 1, 0), trace=True, log=log)
        code, functions = disassembly(program)
        with log.open(encoding="ascii", errors="replace") as lines:
            addresses = (int(line.split("/", 2)[1], 16) for line in lines if line.startswith("Trace"))
            return list(_steps(addresses, code, functions, program.name))


def _steps(
    addresses: Iterator[int], code: Mapping[int, Instruction], functions: Mapping[str, int], name: str
) -> Iterator[tuple[int, int]]:
    """Sums between the calls of the tick hook, whose own instructions are left out."""
    begin, tick = functions[f"{name}_invoke"], functions[f"{name}_tick"]
    address = next(a for a in addresses if a == begin)
    cycles, instructions, after_memory = 0, 0, False
    for following in addresses:
        instruction = code[address]
        if following == tick:
            yield cycles, instructions
            cycles = instructions = 0
            back = address + instruction.size
            following = next((a for a in addresses if a == back), -1)
            if following < 0:
                return
        else:
            cycles += instruction.cycles(following != address + instruction.size, after_memory)
            instructions += 1
        after_memory = instruction.moves_memory
        if following not in code:
            return  # the harness is back
        address = following


def cycles_per_instruction(arena: ArenaPlan) -> dict[str, float]:
    """By kernel, over all layers that it computes; steps must be single layers."""
    core = arena.schedule.target.core
    total: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for step, (cycles, instructions) in zip(arena.schedule.steps, cycles_of_steps(arena), strict=False):
        total[step.layers[0].kernel.name][0] += cycles
        total[step.layers[0].kernel.name][1] += instructions
    return {name: SOURCES[core][0] * cycles / max(n, 1) for name, (cycles, n) in total.items()}
