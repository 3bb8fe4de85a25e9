"""Every form of an instruction with operands all over and beyond its legal range, and how it is written in assembly.

The text is made here, from the operands alone, so that a mistake in the package cannot hide: `as` judges this text, and
the package's own text must become the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.machine.binutils import ARMV6M, HELIUM, MAINLINE
from tinyengine_tf.machine import helium, thumb1, thumb2, vfp
from tinyengine_tf.machine.instruction import Instruction
from tinyengine_tf.machine.registers import CORES, Scaled, lr, pc, q, r, s, sp

GENERAL = (*r, lr)
LOW = r[:8]
rng = random.Random(12)

WORDS = sorted(
    {
        *range(-300, 300),
        *range(3900, 4200),
        *(n << k for n in (1, 0x81, 0xFF, 0x101, 0x17F) for k in range(32) if n << k < 1 << 32),
        *(n * p for n in (1, 0x7F, 0xFF) for p in (0x10001, 0x01000100, 0x01010101, 0x01010001)),
        *(65535, 65536, 65537, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 256, 2**32 - 257, -65536, -(2**31)),
    }
)


@dataclass(frozen=True)
class Case:
    """What to build, how it is written, and why we may refuse it although assemblers take it ("": we must not)."""

    build: Callable[[], Instruction]
    text: str
    stricter: str = ""


@dataclass(frozen=True)
class Form:
    name: str
    march: str
    cases: list[Case]


def some(registers: tuple[Any, ...] = GENERAL) -> Any:
    return rng.choice(registers)


def others(count: int, registers: tuple[Any, ...] = GENERAL) -> list[Any]:
    return rng.sample(registers, count)


FORMS: list[Form] = []


def form(name: str, march: str) -> Callable[[Callable[[], Iterable[Case]]], None]:
    def register(cases: Callable[[], Iterable[Case]]) -> None:
        FORMS.append(Form(name, march, list(cases())))

    return register


# Thumb-2

for name, access in {
    "ldr": thumb2.ldr, "ldrb": thumb2.ldrb, "ldrh": thumb2.ldrh, "ldrsb": thumb2.ldrsb, "ldrsh": thumb2.ldrsh,
    "str": thumb2.str_, "strb": thumb2.strb, "strh": thumb2.strh,
}.items():  # fmt: skip

    @form(f"{name} offset", MAINLINE)
    def _(name: str = name, access: Any = access) -> Iterator[Case]:
        for offset in (*range(-300, 300), *range(300, 4000, 17), *range(4000, 4200)):
            a, b = some(), some((*GENERAL, sp))
            yield Case(lambda a=a, b=b, o=offset: access(a, b[o]), f"{name} {a}, [{b}, #{offset}]")

    @form(f"{name} step", MAINLINE)
    def _(name: str = name, access: Any = access) -> Iterator[Case]:
        for step in range(-300, 301):
            a, b = some(), some()
            yield Case(lambda a=a, b=b, o=step: access(a, b.post(o)), f"{name} {a}, [{b}], #{step}")

    @form(f"{name} index", MAINLINE)
    def _(name: str = name, access: Any = access) -> Iterator[Case]:
        for bits in range(-1, 6):
            for _ in range(20):
                a, b, c = some(), some(), some()
                yield Case(lambda a=a, b=b, c=c, n=bits: access(a, b[c.lsl(n)]), f"{name} {a}, [{b}, {c}, lsl #{bits}]")
                yield Case(lambda a=a, b=b, c=c: access(a, b[c]), f"{name} {a}, [{b}, {c}]")

    @form(f"{name} registers", MAINLINE)
    def _(name: str = name, access: Any = access) -> Iterator[Case]:
        for a in CORES:
            for b in CORES:
                odd = "sp and pc are no data, addresses relative to pc none of a kernel" if {a, b} & {sp, pc} else ""
                yield Case(lambda a=a, b=b: access(a, b[4]), f"{name} {a}, [{b}, #4]", odd)
                yield Case(lambda a=a, b=b: access(a, b.post(4)), f"{name} {a}, [{b}], #4", odd)


for name, pair in {"ldrd": thumb2.ldrd, "strd": thumb2.strd}.items():

    @form(name, MAINLINE)
    def _(name: str = name, pair: Any = pair) -> Iterator[Case]:
        for offset in (*range(-1100, 1101, 4), *range(-1030, -1010), *range(-9, 9), *range(1010, 1030)):
            a, b, c = others(3)
            yield Case(lambda a=a, b=b, c=c, o=offset: pair(a, b, c[o]), f"{name} {a}, {b}, [{c}, #{offset}]")
            yield Case(lambda a=a, b=b, c=c, o=offset: pair(a, b, c.post(o)), f"{name} {a}, {b}, [{c}], #{offset}")

    @form(f"{name} registers", MAINLINE)
    def _(name: str = name, pair: Any = pair) -> Iterator[Case]:
        for a in CORES:
            for b in CORES:
                for c in (r[0], r[9], sp, pc):
                    odd = (
                        "sp and pc are no data, addresses relative to pc none of a kernel"
                        if pc in (a, b, c) or sp in (a, b)
                        else ""
                    )
                    odd = odd or ("two words into one register" if a is b and name == "ldrd" else "")
                    yield Case(lambda a=a, b=b, c=c: pair(a, b, c[8]), f"{name} {a}, {b}, [{c}, #8]", odd)
                    odd = odd or ("sp moves by push and pop" if c is sp else "")
                    yield Case(lambda a=a, b=b, c=c: pair(a, b, c.post(8)), f"{name} {a}, {b}, [{c}], #8", odd)


for name, many in {"ldmia": thumb2.ldm, "stmia": thumb2.stm}.items():

    @form(name, MAINLINE)
    def _(name: str = name, many: Any = many) -> Iterator[Case]:
        for _ in range(1500):
            base = some()
            registers = tuple(sorted(others(rng.randint(2, 9)), key=lambda x: x.number))
            listed = ", ".join(map(str, registers))
            yield Case(lambda b=base, x=registers: many(b, x), f"{name} {base}, {{{listed}}}")
            odd = "the pointer among its words" if base in registers else ""
            yield Case(lambda b=base, x=registers: many(b, x, moves=True), f"{name} {base}!, {{{listed}}}", odd)


for name, many in {"push": thumb2.push, "pop": thumb2.pop}.items():

    @form(name, MAINLINE)
    def _(name: str = name, many: Any = many) -> Iterator[Case]:
        for count in range(1, 13):
            odd = "one register is no list" if count == 1 else ""
            for _ in range(30):
                registers = tuple(sorted(others(count), key=lambda x: x.number))
                yield Case(lambda x=registers: many(x), f"{name} {{{', '.join(map(str, registers))}}}", odd)


MODIFIED_ELSE = {"and": "bic", "bic": "and", "orr": "orn", "mvn": "mov", "adds": "subs", "subs": "adds", "tst": ""}

for name, sum_ in {"add": thumb2.add, "sub": thumb2.sub, "adds": thumb2.adds, "subs": thumb2.subs}.items():

    @form(f"{name} number", MAINLINE)
    def _(name: str = name, sum_: Any = sum_) -> Iterator[Case]:
        for value in WORDS:
            a, b = some(), some()
            # assemblers turn numbers that do not fit into their negatives and the opposite instruction
            odd = "the opposite instruction" if not 0 <= value < 1 << 32 or value >= 1 << 24 else ""
            yield Case(lambda a=a, b=b, v=value: sum_(a, b, v), f"{name} {a}, {b}, #{value}", odd)

    @form(f"{name} registers", MAINLINE)
    def _(name: str = name, sum_: Any = sum_) -> Iterator[Case]:
        for a in CORES:
            for b in CORES:
                odd = "pc is no data, sp comes of sp alone" if pc in (a, b) or sp in (a, b) else ""
                yield Case(lambda a=a, b=b: sum_(a, b, 8), f"{name} {a}, {b}, #8", odd)
                yield Case(lambda a=a, b=b: sum_(a, b, r[3].lsl(2)), f"{name} {a}, {b}, r3, lsl #2", odd)


for name, bits_ in {"and": thumb2.and_, "orr": thumb2.orr, "eor": thumb2.eor, "bic": thumb2.bic}.items():

    @form(f"{name} number", MAINLINE)
    def _(name: str = name, bits_: Any = bits_) -> Iterator[Case]:
        for value in WORDS:
            a, b = some(), some()
            odd = (
                "negative patterns are written as words, complements as the instruction for them"
                if name != "eor" or value < 0
                else ""
            )
            legal = 0 <= value < 1 << 32 and thumb2.is_modified(value)
            yield Case(lambda a=a, b=b, v=value: bits_(a, b, v), f"{name} {a}, {b}, #{value}", "" if legal else odd)


for name, three in {
    "add": thumb2.add, "sub": thumb2.sub, "and": thumb2.and_, "orr": thumb2.orr, "eor": thumb2.eor,
}.items():  # fmt: skip

    @form(f"{name} shifted", MAINLINE)
    def _(name: str = name, three: Any = three) -> Iterator[Case]:
        for shift in ("lsl", "lsr", "asr", "ror"):
            for bits in range(-1, 35):
                a, b, c = some(), some(), some()
                odd = "a shift by no bits is none" if bits == 0 else ""
                yield Case(
                    lambda a=a, b=b, c=c, n=bits, k=shift: three(a, b, Scaled(c, k, n)),
                    f"{name} {a}, {b}, {c}, {shift} #{bits}",
                    odd,
                )


@form("mov number", MAINLINE)
def _() -> Iterator[Case]:
    for value in WORDS:
        a = some()
        yield Case(lambda a=a, v=value: thumb2.mov(a, v), f"mov {a}, #{value}")


@form("mov register", MAINLINE)
def _() -> Iterator[Case]:
    for a in CORES:
        for b in CORES:
            odd = "sp and pc are set by nothing else than push, pop and sums" if a in (sp, pc) or b is pc else ""
            yield Case(lambda a=a, b=b: thumb2.mov(a, b), f"mov {a}, {b}", odd)


@form("mvn", MAINLINE)
def _() -> Iterator[Case]:
    for value in WORDS:
        a = some()
        legal = thumb2.is_modified(value)
        yield Case(lambda a=a, v=value: thumb2.mvn(a, v), f"mvn {a}, #{value}", "" if legal else "written as mov")


for name, half in {"movw": thumb2.movw, "movt": thumb2.movt}.items():

    @form(name, MAINLINE)
    def _(name: str = name, half: Any = half) -> Iterator[Case]:
        for value in (*range(-3, 3), *range(0, 65536, 251), *range(65530, 65540)):
            a = some()
            yield Case(lambda a=a, v=value: half(a, v), f"{name} {a}, #{value}")


for name, shift_ in {"lsl": thumb2.lsl, "lsr": thumb2.lsr, "asr": thumb2.asr, "ror": thumb2.ror}.items():

    @form(name, MAINLINE)
    def _(name: str = name, shift_: Any = shift_) -> Iterator[Case]:
        for bits in range(-2, 36):
            a, b, c = some(), some(), some()
            odd = "a shift by no bits is a mov" if bits == 0 else ""
            yield Case(lambda a=a, b=b, n=bits: shift_(a, b, n), f"{name} {a}, {b}, #{bits}", odd)
            yield Case(lambda a=a, b=b, c=c: shift_(a, b, c), f"{name} {a}, {b}, {c}")


for name, compare in {"cmp": thumb2.cmp, "tst": thumb2.tst}.items():

    @form(name, MAINLINE)
    def _(name: str = name, compare: Any = compare) -> Iterator[Case]:
        for value in WORDS:
            a = some()
            odd = "written as a word" if value < 0 and name == "tst" else ""
            yield Case(lambda a=a, v=value: compare(a, v), f"{name} {a}, #{value}", odd)
        for a in GENERAL:
            for b in GENERAL:
                yield Case(lambda a=a, b=b: compare(a, b), f"{name} {a}, {b}")


THREE = ("mul", "sdiv", "udiv", "smuad", "smmul", "smmulr", "sadd16", "ssub16", "smulbb", "qadd", "qsub")
FOUR = ("mla", "mls", "smlad", "smmla", "smmlar", "smlabb", "smlabt", "smlatb", "smlatt")
EXTEND = ("sxtb", "uxtb", "sxth", "uxth", "sxtb16", "uxtb16")

for name in THREE:

    @form(name, MAINLINE)
    def _(name: str = name) -> Iterator[Case]:
        for a in CORES:
            for b in CORES:
                c = some()
                yield Case(lambda a=a, b=b, c=c: getattr(thumb2, name)(a, b, c), f"{name} {a}, {b}, {c}")
                yield Case(lambda a=a, b=b, c=c: getattr(thumb2, name)(a, c, b), f"{name} {a}, {c}, {b}")


for name in FOUR:

    @form(name, MAINLINE)
    def _(name: str = name) -> Iterator[Case]:
        for a in CORES:
            for b in CORES:
                c, d = some(), some()
                yield Case(lambda a=a, b=b, c=c, d=d: getattr(thumb2, name)(a, c, d, b), f"{name} {a}, {c}, {d}, {b}")
                yield Case(lambda a=a, b=b, c=c, d=d: getattr(thumb2, name)(c, a, b, d), f"{name} {c}, {a}, {b}, {d}")


for name in EXTEND:

    @form(name, MAINLINE)
    def _(name: str = name) -> Iterator[Case]:
        for a in CORES:
            b = some()
            yield Case(lambda a=a, b=b: getattr(thumb2, name)(a, b), f"{name} {a}, {b}")
            yield Case(lambda a=a, b=b: getattr(thumb2, name)(b, a), f"{name} {b}, {a}")
        for bits in range(-8, 40):
            a, b = some(), some()
            odd = "a rotation by no bits is none" if bits == 0 else ""
            yield Case(
                lambda a=a, b=b, n=bits: getattr(thumb2, name)(a, b.ror(n)), f"{name} {a}, {b}, ror #{bits}", odd
            )


@form("pkhbt", MAINLINE)
def _() -> Iterator[Case]:
    for bits in range(-1, 35):
        a, b, c = some(), some(), some()
        yield Case(
            lambda a=a, b=b, c=c, n=bits: thumb2.pkhbt(a, b, c.lsl(n)),
            f"pkhbt {a}, {b}, {c}, lsl #{bits}",
            "" if 0 <= bits < 32 else "no core has it",
        )


@form("rev16", MAINLINE)
def _() -> Iterator[Case]:
    for a in CORES:
        for b in CORES:
            yield Case(lambda a=a, b=b: thumb2.rev16(a, b), f"rev16 {a}, {b}")


@form("ssat", MAINLINE)
def _() -> Iterator[Case]:
    for bits in range(-1, 35):
        a, b = some(), some()
        yield Case(lambda a=a, b=b, n=bits: thumb2.ssat(a, n, b), f"ssat {a}, #{bits}, {b}")
        for shift in ("lsl", "asr", "lsr", "ror"):
            yield Case(
                lambda a=a, b=b, n=bits, k=shift: thumb2.ssat(a, 8, Scaled(b, k, n)),
                f"ssat {a}, #8, {b}, {shift} #{bits}",
                "" if bits > 0 else "a shift by no bits is none, by less no core has",
            )


# The FPU


@form("floats", MAINLINE)
def _() -> Iterator[Case]:
    for _ in range(100):
        a, b, c, x = some(s), some(s), some(s), some()
        yield Case(lambda a=a, x=x: vfp.vload_next(a, x), f"vldmia {x}!, {{{a}}}")
        yield Case(lambda a=a, b=b, c=c: vfp.vdiv(a, b, c), f"vdiv.f32 {a}, {b}, {c}")
        yield Case(lambda a=a, x=x: vfp.vmov_core(x, a), f"vmov {x}, {a}")
    for bits in range(-1, 35):
        odd = "no fraction: another instruction" if bits == 0 else ""
        yield Case(lambda a=s[3], n=bits: vfp.vcvt_fixed(a, n), f"vcvt.s32.f32 s3, s3, #{bits}", odd)


# Armv6-M

for name, access in {
    "ldr": thumb1.ldr, "ldrb": thumb1.ldrb, "ldrh": thumb1.ldrh, "ldrsb": thumb1.ldrsb,
    "ldrsh": thumb1.ldrsh, "str": thumb1.str_, "strb": thumb1.strb, "strh": thumb1.strh,
}.items():  # fmt: skip

    @form(f"{name} thumb1", ARMV6M)
    def _(name: str = name, access: Any = access) -> Iterator[Case]:
        for offset in range(-10, 1100):
            a, b = some(LOW), some((*LOW, sp))
            yield Case(lambda a=a, b=b, o=offset: access(a, b[o]), f"{name} {a}, [{b}, #{offset}]")
        for a in CORES:
            for b in CORES:
                c = some(LOW)
                odd = "addresses relative to pc are none of a kernel" if pc in (a, b) else ""
                yield Case(lambda a=a, b=b, c=c: access(a, b[c]), f"{name} {a}, [{b}, {c}]", odd)
                yield Case(lambda a=a, b=b, c=c: access(c, a[b]), f"{name} {c}, [{a}, {b}]", odd)


@form("sums thumb1", ARMV6M)
def _() -> Iterator[Case]:
    for value in range(-20, 300):
        a, b = some(LOW), some(LOW)
        odd = "the opposite instruction" if value < 0 else ""
        for name in ("adds", "subs"):
            f = getattr(thumb1, name)
            yield Case(lambda a=a, b=b, v=value, f=f: f(a, b, v), f"{name} {a}, {b}, #{value}", odd)
            yield Case(lambda a=a, v=value, f=f: f(a, a, v), f"{name} {a}, {a}, #{value}", odd)
            yield Case(lambda a=a, b=b, f=f: f(a, b, b), f"{name} {a}, {b}, {b}")
        yield Case(lambda a=a, v=value: thumb1.movs(a, v), f"movs {a}, #{value}")
        yield Case(lambda a=a, v=value: thumb1.cmp(a, v), f"cmp {a}, #{value}")


@form("registers thumb1", ARMV6M)
def _() -> Iterator[Case]:
    for a in CORES:
        for b in CORES:
            odd = "sp and pc are no data" if {a, b} & {sp, pc} else ""
            yield Case(lambda a=a, b=b: thumb1.mov(a, b), f"mov {a}, {b}", odd)
            yield Case(lambda a=a, b=b: thumb1.add(a, b), f"add {a}, {b}", odd)
            yield Case(lambda a=a, b=b: thumb1.cmp(a, b), f"cmp {a}, {b}", odd)
            for name in ("movs", "muls", "ands", "orrs", "eors", "bics", "mvns", "tst"):
                yield Case(lambda a=a, b=b, n=name: getattr(thumb1, n)(a, b), f"{name} {a}, {b}")
            yield Case(lambda a=a, b=b: thumb1.negs(a, b), f"rsbs {a}, {b}, #0")
            yield Case(lambda a=a, b=b: thumb1.adds(a, b, r[1]), f"adds {a}, {b}, r1")
    for bits in range(-1, 35):
        a, b = some(LOW), some(LOW)
        for name in ("lsls", "lsrs", "asrs"):
            odd = "a shift by no bits is a mov" if bits == 0 else ""
            yield Case(lambda a=a, b=b, n=bits, k=name: getattr(thumb1, k)(a, b, n), f"{name} {a}, {b}, #{bits}", odd)


@form("lists thumb1", ARMV6M)
def _() -> Iterator[Case]:
    for _ in range(300):
        registers = tuple(sorted(others(rng.randint(1, 5), (*LOW, r[8], lr)), key=lambda x: x.number))
        listed, base = ", ".join(map(str, registers)), some(LOW)
        yield Case(lambda x=registers: thumb1.push(x), f"push {{{listed}}}")
        yield Case(lambda x=registers: thumb1.pop(x), f"pop {{{listed}}}")
        odd = "the pointer among its words" if base in registers else ""
        yield Case(lambda b=base, x=registers: thumb1.ldm(b, x), f"ldmia {base}!, {{{listed}}}", odd)
        yield Case(lambda b=base, x=registers: thumb1.stm(b, x), f"stmia {base}!, {{{listed}}}", odd)


# Helium

for name, kinds in {**helium.LOADS, **helium.STORES}.items():

    @form(name, HELIUM)
    def _(name: str = name, kinds: tuple[str, ...] = kinds) -> Iterator[Case]:
        access = getattr(helium, name)
        for kind in ("8", "16", "32", "64", "s8", "u8", "s16", "u16", "s32", "u32", "f32"):
            odd = "" if kind in kinds else "lanes have one name in kernels"
            for offset in (*range(-520, 521, 4), *range(-140, 141)) if kind in kinds else (0, 4):
                a, b = some(q), some(LOW)
                yield Case(
                    lambda a=a, b=b, o=offset, k=kind: access(a, b[o], k), f"{name}.{kind} {a}, [{b}, #{offset}]", odd
                )
                yield Case(
                    lambda a=a, b=b, o=offset, k=kind: access(a, b.post(o), k),
                    f"{name}.{kind} {a}, [{b}], #{offset}",
                    odd,
                )
            for b in CORES:
                a, c = others(2, q)
                relative = odd or ("sp and pc are no pointers of vectors" if b in (sp, pc) else "")
                yield Case(lambda a=a, b=b, k=kind: access(a, b[0], k), f"{name}.{kind} {a}, [{b}]", relative)
                yield Case(lambda a=a, b=b, c=c, k=kind: access(a, b[c], k), f"{name}.{kind} {a}, [{b}, {c}]", relative)
                yield Case(lambda a=a, b=b, k=kind: access(a, b[a], k), f"{name}.{kind} {a}, [{b}, {a}]", relative)


KINDS = ("8", "16", "32", "i8", "i16", "i32", "i64", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f16", "f32")
FEWER = "kernels need no other lanes"


def lanewise(name: str, kinds: tuple[str, ...], scalar: bool = True) -> None:
    @form(name, HELIUM)
    def _() -> Iterator[Case]:
        function = getattr(helium, name)
        for kind in KINDS:
            odd = "" if kind in kinds else FEWER
            for _ in range(8):
                a, b, c = some(q), some(q), some(q)
                yield Case(lambda a=a, b=b, c=c, k=kind: function(a, b, c, k), f"{name}.{kind} {a}, {b}, {c}", odd)
            for c in CORES:
                a, b = some(q), some(q)
                yield Case(lambda a=a, b=b, c=c, k=kind: function(a, b, c, k), f"{name}.{kind} {a}, {b}, {c}", odd)


for name in ("vadd", "vsub", "vmul"):
    lanewise(name, helium.FLOAT_OR_PLAIN)
for name in ("vqadd", "vqsub", "vmax", "vmin", "vmla"):
    lanewise(name, helium.INTEGERS)
for name in ("vqdmulh", "vqrdmulh", "vqrdmlash"):
    lanewise(name, helium.SIGNED)
for name in ("vmaxnm", "vminnm", "vfma", "vfms"):
    lanewise(name, ("f32",))


@form("bitwise", HELIUM)
def _() -> Iterator[Case]:
    for name in ("vand", "veor", "vorr"):
        for _ in range(50):
            a, b, c = some(q), some(q), some(q)
            yield Case(lambda a=a, b=b, c=c, n=name: getattr(helium, n)(a, b, c), f"{name} {a}, {b}, {c}")


@form("shifts", HELIUM)
def _() -> Iterator[Case]:
    for kind in KINDS:
        for bits in range(-1, 35):
            a, b = some(q), some(q)
            odd = "" if kind in helium.PLAIN else FEWER
            yield Case(
                lambda a=a, b=b, n=bits, k=kind: helium.vshl_number(a, b, n, k), f"vshl.{kind} {a}, {b}, #{bits}", odd
            )
            odd = "a shift by no bits is none" if bits == 0 else "" if kind in helium.INTEGERS else FEWER
            yield Case(
                lambda a=a, b=b, n=bits, k=kind: helium.vshr_number(a, b, n, k), f"vshr.{kind} {a}, {b}, #{bits}", odd
            )
        for name in ("vshl", "vrshl"):
            odd = "" if kind in helium.INTEGERS else FEWER
            for x in CORES:
                a = some(q)
                yield Case(lambda a=a, x=x, k=kind, n=name: getattr(helium, n)(a, x, k), f"{name}.{kind} {a}, {x}", odd)
            for x in q:
                a = some(q)
                yield Case(
                    lambda a=a, x=x, k=kind, n=name: getattr(helium, n)(a, x, k), f"{name}.{kind} {a}, {a}, {x}", odd
                )


@form("narrowing", HELIUM)
def _() -> Iterator[Case]:
    for kind in KINDS:
        odd = "" if kind in helium.NARROWING else FEWER
        for name in ("vqmovnb", "vqmovnt"):
            a, b = some(q), some(q)
            yield Case(lambda a=a, b=b, k=kind, n=name: getattr(helium, n)(a, b, k), f"{name}.{kind} {a}, {b}", odd)
        for name in ("vqrshrnb", "vqrshrnt"):
            for bits in range(-1, 35):
                a, b = some(q), some(q)
                yield Case(
                    lambda a=a, b=b, k=kind, n=name, m=bits: getattr(helium, n)(a, b, m, k),
                    f"{name}.{kind} {a}, {b}, #{bits}",
                    odd or ("a shift by no bits is vqmovn" if bits == 0 else ""),
                )


@form("unary", HELIUM)
def _() -> Iterator[Case]:
    for name, kinds in (("vmovlb", helium.WIDENING), ("vmovlt", helium.WIDENING)):
        for kind in KINDS:
            a, b = some(q), some(q)
            odd = "" if kind in kinds else FEWER
            yield Case(lambda a=a, b=b, k=kind, n=name: getattr(helium, n)(a, b, k), f"{name}.{kind} {a}, {b}", odd)
    for name in ("vcvta", "vcvt"):
        for kind in ("s32.f32", "u32.f32", "f32.s32", "f32.u32", "s16.f16"):
            a, b = some(q), some(q)
            odd = FEWER if kind == "s16.f16" or (name, kind[0]) == ("vcvta", "f") else ""
            yield Case(lambda a=a, b=b, k=kind, n=name: getattr(helium, n)(a, b, k), f"{name}.{kind} {a}, {b}", odd)


@form("core registers and vectors", HELIUM)
def _() -> Iterator[Case]:
    for x in CORES:
        for bits in (8, 16, 32, 64):
            a = some(q)
            yield Case(lambda a=a, x=x, n=bits: helium.vdup(a, x, n), f"vdup.{bits} {a}, {x}")
            yield Case(lambda x=x, n=bits: helium.vctp(n, x), f"vctp.{bits} {x}", "sp is no count" if x is sp else "")
        for name in ("vmladav", "vmladava"):
            for kind in (*helium.INTEGERS, "i8", "f32"):
                a, b = some(q), some(q)
                yield Case(
                    lambda a=a, b=b, x=x, k=kind, n=name: getattr(helium, n)(x, a, b, k), f"{name}.{kind} {x}, {a}, {b}"
                )
        for lane in range(-1, 6):
            a, y = some(q), some()
            four = "" if 0 <= lane < 2 else "there are four lanes"
            yield Case(lambda a=a, x=x, i=lane: helium.vmov_lane(a, i, x), f"vmov.32 {a}[{lane}], {x}")
            yield Case(
                lambda a=a, x=x, y=y, i=lane: helium.vmov_lanes(a, i, x, y),
                f"vmov {a}[{lane + 2}], {a}[{lane}], {x}, {y}",
                four,
            )
    for value in range(-2, 300):
        a = some(q)
        odd = "bytes at the bottom of a lane are enough" if not 0 <= value < 256 else ""
        yield Case(lambda a=a, v=value: helium.vmov_number(a, v), f"vmov.i32 {a}, #{value}", odd)
