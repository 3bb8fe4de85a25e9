"""Function, Fragment -> the C that GCC and clang compile: statements of inline assembly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyengine_tf.machine.instruction import Code, Instruction, Label, Lane, Moving, Operand, RegisterList
from tinyengine_tf.machine.program import Fragment, Function
from tinyengine_tf.machine.registers import Address, Chosen, ChosenSingle, CoreRegister, Register, Scaled

HEXADECIMAL_FROM = 65536
"""Larger numbers are patterns of bits."""

Names = Mapping[Register, str]


def parameters(function: Function) -> str:
    """The parameters of the C function."""
    return ", ".join(argument.declares(argument.name) for argument in function.arguments)


def body(function: Function) -> str:
    """What stands between the braces of the C function."""
    bound = [
        f'    register {a.declares(f"r{i}")} __asm__("r{i}") = {a.name};' for i, a in enumerate(function.arguments)
    ]
    outputs = ", ".join(f'"+r"(r{i})' for i in range(len(function.arguments)))
    statement = _statement(True, [*function.directives, *lines(function.code)], outputs, "", function.clobbers)
    return "\n".join([*bound, statement])


def statement(fragment: Fragment) -> str:
    """The statement of inline assembly. With more than one instruction outputs must not share registers with inputs."""
    early = "&" if sum(isinstance(item, Instruction) for item in fragment.code) > 1 else ""
    chosen = [*(x for x, _ in fragment.outputs), *fragment.inputs]
    names: dict[Register, str] = {x: f"%{i}" for i, x in enumerate(chosen)}
    outputs = ", ".join(
        f'"{"+" if read else "="}{early}{_constraint(x)}"({x.expression})' for x, read in fragment.outputs
    )
    inputs = ", ".join(f'"{_constraint(x)}"({x.expression})' for x in fragment.inputs)
    return _statement(fragment.is_volatile, lines(fragment.code, names), outputs, inputs, fragment.clobbers)


def lines(code: Code, names: Names | None = None) -> list[str]:
    """Lines of assembly: labels are numbered in their order and named with the direction."""
    numbers = {item: i for i, item in enumerate((x for x in code if isinstance(x, Label)), 1)}
    placed: set[Label] = set()
    found = []
    for item in code:
        if isinstance(item, Label):
            placed.add(item)
            found.append(f"{numbers[item]}:")
        else:
            to = item.target
            labels = {to: f"{numbers[to]}{'b' if to in placed else 'f'}"} if to else {}
            found.append(line(item, names or {}, labels))
    return found


def line(item: Instruction, names: Names = {}, labels: Mapping[Label, str] = {}) -> str:  # noqa: B006
    """One instruction."""
    operands = ", ".join(_operand(operand, names, labels) for operand in item.operands)
    return f"{item.mnemonic}{item.when}{item.suffix} {operands}".rstrip()


def _operand(operand: Operand, names: Names, labels: Mapping[Label, str]) -> str:
    if isinstance(operand, Register):  # by far the most
        return names[operand] if operand in names else operand.name
    match operand:
        case int():
            return f"#0x{operand:08x}" if operand >= HEXADECIMAL_FROM else f"#{operand}"
        case str():
            return operand
        case Scaled(register, shift, bits):
            return f"{names.get(register, register.name)}, {shift} #{bits}"
        case Address(base, offset, moves):
            pointer = names.get(base, base.name)
            if offset == 0 and not moves:
                return f"[{pointer}]"
            beyond = _operand(offset, names, labels)
            return f"[{pointer}], {beyond}" if moves else f"[{pointer}, {beyond}]"
        case RegisterList(registers):
            return f"{{{_ranges(registers)}}}"
        case Moving(register):
            return f"{names.get(register, register.name)}!"
        case Lane(vector, index):
            return f"{vector.name}[{index}]"
        case Label():
            return labels[operand]


def _ranges(registers: Sequence[Register]) -> str:
    """r0, r1, r4-r7, lr: three and more numbered in turn are a range."""
    runs: list[list[Register]] = []
    for register in registers:
        before = runs[-1][-1] if runs else None
        if (
            isinstance(register, CoreRegister)
            and isinstance(before, CoreRegister)
            and register.number == before.number + 1 < 13
        ):
            runs[-1].append(register)
        else:
            runs.append([register])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _constraint(register: Chosen | ChosenSingle) -> str:
    return "r" if isinstance(register, Chosen) else "t"


def _statement(is_volatile: bool, code: Sequence[str], outputs: str, inputs: str, clobbers: Sequence[str]) -> str:
    ends = [r"\n\t"] * (len(code) - 1) + [""]
    quoted = [
        f'{"    " if text.endswith(":") else "        "}"{text}{end}"' for text, end in zip(code, ends, strict=True)
    ]
    lost = ", ".join(f'"{name}"' for name in clobbers)
    operands = f"{outputs} : {inputs} : {lost}".replace("  ", " ").rstrip(" :")
    return "\n".join([f"    __asm__{' volatile' if is_volatile else ''}(", *quoted, f"        : {operands});"])
