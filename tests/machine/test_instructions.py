"""What the package builds, assemblers take; what it refuses, they refuse, unless a form says why we are stricter."""

from __future__ import annotations

import re

import pytest

from tests.machine.binutils import accepted, encodings, have_binutils, have_clang
from tests.machine.forms import FORMS, Case
from tinyengine_tf.machine import helium, thumb1, thumb2, vfp
from tinyengine_tf.machine.instruction import Instruction, InvalidCode, OutOfReach
from tinyengine_tf.machine.registers import FLAGS, VPR
from tinyengine_tf.machine.text import line

pytestmark = pytest.mark.skipif(not have_binutils(), reason="arm-none-eabi-as is not installed")


def built(case: Case) -> Instruction | None:
    try:
        return case.build()
    except (OutOfReach, InvalidCode):
        return None


@pytest.mark.parametrize("march", sorted({form.march for form in FORMS}))
def test_acceptance_is_the_assemblers(march: str) -> None:
    cases = [(form.name, case) for form in FORMS if form.march == march for case in form.cases]
    taken = accepted([case.text for _, case in cases], march)
    wrong = []
    for (name, case), legal in zip(cases, taken, strict=True):
        ours = built(case) is not None
        if ours and not legal:
            wrong.append(f"{name}: {case.text}: we take it, the assembler does not")
        if legal and not ours and not case.stricter:
            wrong.append(f"{name}: {case.text}: the assembler takes it, we do not")
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:60])


def ours_and_plain(march: str) -> tuple[list[str], list[str]]:
    found = [(built(case), case.text) for form in FORMS if form.march == march for case in form.cases]
    legal = [(line(mine), text) for mine, text in found if mine is not None]
    return [mine for mine, _ in legal], [text for _, text in legal]


@pytest.mark.parametrize("march", sorted({form.march for form in FORMS}))
def test_our_text_becomes_the_same_bytes(march: str) -> None:
    mine, plain = ours_and_plain(march)
    for a, b, x, y in zip(encodings(mine, march), encodings(plain, march), mine, plain, strict=True):
        assert a == b, f"{x!r} is not {y!r}"


@pytest.mark.skipif(not have_clang(), reason="clang for Arm is not installed")
@pytest.mark.parametrize("march", sorted({form.march for form in FORMS}))
def test_clang_makes_the_same_of_it(march: str) -> None:
    mine, _ = ours_and_plain(march)
    gnu, llvm = encodings(mine, march), encodings(mine, march, "clang")
    differ = [x for a, b, x in zip(gnu, llvm, mine, strict=True) if a != b]
    # Where two encodings do the same, assemblers choose differently.
    assert not [x for x in differ if not re.match(r"(add|sub|mov|cmp)", x)], differ[:20]


def test_forms_try_every_instruction() -> None:
    """An instruction that no form tries would go unchecked."""
    tried = {mine.mnemonic for form in FORMS for case in form.cases if (mine := built(case)) is not None}
    in_flow = {"b", "branch", "le", "letp", "dls", "dlstp", "wls", "wlstp"}  # test_program.py
    spelt = {"str": "str_", "and": "and_"}
    aliases = {"ldm": "ldmia", "stm": "stmia", "negs": "rsbs", "vmov_lane": "vmov", "vmov_lanes": "vmov"}
    aliases |= {"vmov_number": "vmov", "vshl_number": "vshl", "vshr_number": "vshr", "vload_next": "vldmia"}
    aliases |= {"vcvt_fixed": "vcvt", "vmov_core": "vmov"} | {ours: name for name, ours in spelt.items()}
    for module in (thumb2, thumb1, helium, vfp):
        for name, function in vars(module).items():
            hints = getattr(function, "__annotations__", {})
            if hints.get("return") == "Instruction" and not name.startswith("_"):
                assert aliases.get(name, name) in tried | in_flow, f"{module.__name__}.{name}"


STORES = ("str", "stm", "push", "vstr")
ONLY_READ = ("cmp", "tst", "vctp")
ADDING = ("vmladava", "vmla.", "vqrdmlash", "vfma", "vfms", "movt", "vqmovn", "vqrshrn")
"""They change what is there instead of replacing it."""


@pytest.mark.parametrize("march", sorted({form.march for form in FORMS}))
def test_registers_read_and_written_are_those_named(march: str) -> None:
    """As the text says it: all registers named are read or written, and the first is written, but for stores."""
    for form in FORMS:
        for case in form.cases if form.march == march else ():
            mine = built(case)
            if mine is None:
                continue
            name, _, operands = case.text.partition(" ")
            named = re.findall(r"\b(?:r\d+|[qs]\d+|sp|lr)\b", operands)
            implied = {"sp"} if name in ("push", "pop") else set()
            reads, writes = ({x.name for x in some if x not in (FLAGS, VPR)} for some in (mine.reads, mine.writes))
            assert reads | writes == {*named, *implied}, case.text
            assert not name.startswith(ADDING) or named[0] in reads, case.text
            moved = (
                set(re.findall(r"(\w+)!|\[(\w+)\], #", operands)[0]) - {""}
                if re.search(r"!|\], #", operands)
                else set()
            )
            if name.startswith(STORES):
                assert writes == moved | implied and {*named, *implied} == reads, case.text
            elif name.startswith(ONLY_READ):
                assert not writes and FLAGS in mine.writes or VPR in mine.writes, case.text
            elif name.startswith(("ldm", "vldm", "pop")):
                listed = named if name == "pop" else named[1:]
                assert writes == {*listed, *moved, *implied}, case.text
            else:
                loaded = named[:2] if name == "ldrd" else named[:1]
                assert writes == {*loaded, *moved}, case.text
