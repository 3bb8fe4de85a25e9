"""Functions and fragments: what is derived from instructions, and what is refused."""

from __future__ import annotations

import pytest

from tests.machine.binutils import ARMV6M, HELIUM, MAINLINE, accepted, have_binutils
from tinyengine_tf.machine import flow, helium, text, thumb1, thumb2
from tinyengine_tf.machine.frame import Frame
from tinyengine_tf.machine.instruction import Code, InvalidCode, Label, OutOfReach
from tinyengine_tf.machine.program import Argument, Function, fragment, thumb1_function, thumb2_function
from tinyengine_tf.machine.registers import chosen, lr, q, r, sp
from tinyengine_tf.machine.thumb2 import add, branch, cmp, ldr, ldrd, load_number, mov, str_, strb

IN_OUT = (Argument("const int8_t *", "in"), Argument("int8_t *", "out"))


def function(*body: object, **options: object) -> Function:
    return thumb2_function(IN_OUT, list(body), **options)  # type: ignore[arg-type]


def test_saved_and_clobbered_registers_follow_from_the_code() -> None:
    f = function(ldr(r[5], r[0][4]), mov(r[3], 1), mov(lr, 2), add(r[12], r[5], lr), str_(r[12], r[1].post(4)))
    assert text.lines(f.code)[0] == "push {r5, lr}" and text.lines(f.code)[-1] == "pop {r5, lr}"
    assert f.clobbers == ("r3", "r12", "memory")
    assert function(mov(r[2], 1), cmp(r[2], 1)).clobbers == ("r2", "cc")


def test_one_register_is_never_saved_alone() -> None:
    assert text.lines(function(mov(lr, 1)).code)[0] == "push {r4, lr}"
    assert text.lines(function(mov(r[7], 1)).code)[0] == "push {r7, lr}"


def test_vectors_that_a_caller_keeps_are_saved() -> None:
    f = function(mov(r[2], 1), helium.vdup(q[2], r[2], 8), helium.vand(q[5], q[2], q[2]), helium.vand(q[6], q[2], q[2]))
    assert text.lines(f.code)[0] == "vpush {d10-d13}" and f.clobbers == ("r2", "q2") and f.uses_vectors


def test_a_frame_has_named_slots() -> None:
    frame = Frame("stream", "end", "out")
    f = function(str_(r[1], frame["out"]), ldrd(r[2], r[3], frame.pair("stream", "end")), frame=frame)
    assert text.lines(f.code) == ["sub sp, sp, #16", "str r1, [sp, #8]", "ldrd r2, r3, [sp]", "add sp, sp, #16"]
    assert text.line(ldr(r[0], frame.under(32)["out"])) == "ldr r0, [sp, #40]"
    with pytest.raises(InvalidCode, match="no slot 'ende'"):
        frame["ende"]
    with pytest.raises(InvalidCode, match="no neighbours"):
        frame.pair("stream", "out")


def test_reading_what_nothing_has_written() -> None:
    with pytest.raises(InvalidCode, match="r4 read before"):
        function(add(r[2], r[4], 1))
    with pytest.raises(InvalidCode, match="flags read before"):
        again = Label()
        function(again, branch("ne", again))
    with pytest.raises(InvalidCode, match="vpr read before"):
        function(*flow.predicated(helium.vldrb(q[0], r[0][0], "8")))


def test_what_one_way_leaves_out_is_not_certain() -> None:
    end = Label()
    skipped: Code = [cmp(r[0], 0), branch("eq", end), mov(r[2], 1), end, strb(r[2], r[1][0])]
    with pytest.raises(InvalidCode, match="r2 read before"):
        function(*skipped)
    function(mov(r[2], 0), *skipped)


def test_conditional_writes_keep_what_was_there() -> None:
    with pytest.raises(InvalidCode, match="r2 read before"):
        function(cmp(r[0], 0), *flow.when("lt", mov(r[2], 1)))
    f = function(mov(r[2], 0), cmp(r[0], 0), *flow.when("lt", mov(r[2], 1)))
    assert text.lines(f.code)[-2:] == ["it lt", "movlt r2, #1"]


def test_conditions_and_what_they_govern_stay_together() -> None:
    block = flow.when("lt", mov(r[2], 1))
    with pytest.raises(InvalidCode, match="out of step"):
        function(mov(r[2], 0), cmp(r[0], 0), block[0], mov(r[3], 0), block[1])
    with pytest.raises(InvalidCode, match="ends before"):
        function(mov(r[2], 0), cmp(r[0], 0), block[0])


def test_r9_sp_and_pc_belong_to_others() -> None:
    with pytest.raises(InvalidCode, match="r9"):
        function(mov(r[9], 1))
    assert "r9" in text.lines(function(mov(r[9], 1), r9_is_free=True).code)[0]
    for wrong in (lambda: mov(sp, r[0]), lambda: thumb2.mul(r[0], sp, r[1]), lambda: add(sp, r[0], 4)):
        with pytest.raises(InvalidCode):
            wrong()


def test_labels_are_placed_once() -> None:
    label = Label()
    with pytest.raises(InvalidCode, match="twice"):
        function(label, label)
    with pytest.raises(InvalidCode, match="nowhere"):
        function(cmp(r[0], 0), branch("eq", label))


def test_loops_name_their_labels_in_order() -> None:
    inner = flow.until_equal(r[2], r[3], [add(r[2], r[2], 1)])
    code = [mov(r[2], 0), mov(r[3], 9), mov(r[12], 3), *flow.count_down(r[12], inner)]
    assert text.lines(code)[3:] == [
        "1:", "2:", "add r2, r2, #1", "cmp r2, r3", "bne 2b", "subs r12, r12, #1", "bne 1b",
    ]  # fmt: skip


def test_predicated_blocks() -> None:
    code = flow.predicated(helium.vldrb(q[0], r[0][0], "s16"), helium.vadd(q[1], q[1], q[0], "i16"))
    assert text.lines(code) == ["vpstt", "vldrbt.s16 q0, [r0]", "vaddt.i16 q1, q1, q0"]
    compared = flow.compared("f32", "eq", q[0], q[0], helium.vminnm(q[0], q[0], q[5], "f32"))
    assert text.lines(compared) == ["vpt.f32 eq, q0, q0", "vminnmt.f32 q0, q0, q5"]
    for wrong in ([helium.vctp(8, r[0])], [mov(r[0], 1)], [helium.vand(q[0], q[0], q[0])] * 5):
        with pytest.raises(InvalidCode):
            flow.predicated(*wrong)


def hardware_loop_of(instructions: int) -> Function:
    body = [helium.vand(q[0], q[0], q[0])] * instructions
    return function(mov(lr, 5), helium.vmov_number(q[0], 0), *flow.hardware_loop(body))


def reaches(instructions: int) -> bool:
    try:
        hardware_loop_of(instructions)
    except OutOfReach as error:
        assert error.sentence == "le goes 4090 bytes back, not 4092"
        return False
    return True


@pytest.mark.skipif(not have_binutils(), reason="arm-none-eabi-as is not installed")
def test_assemblers_reach_as_far() -> None:
    for n, legal in ((1022, True), (1023, False)):
        assert reaches(n) == legal
        body = ["dls lr, lr", "1:", *["vand q0, q0, q0"] * n, "le lr, 1b"]
        assert all(accepted(body, HELIUM)) == legal
    for n, legal in ((126, True), (127, False), (128, False)):
        again = Label()
        body = [thumb1.movs(r[2], 1), again, *[thumb1.adds(r[2], r[2], 1)] * n, thumb1.branch("ne", again)]
        lines = ["1:", *["adds r2, #1"] * n, "bne 1b"]
        assert all(accepted(lines, ARMV6M)) == legal
        if legal:
            thumb1_function(IN_OUT, body)
        else:
            with pytest.raises(OutOfReach, match="bne goes 252 bytes back"):
                thumb1_function(IN_OUT, body)


@pytest.mark.skipif(not have_binutils(), reason="arm-none-eabi-as is not installed")
def test_whole_functions_assemble() -> None:
    code: Code = [
        *load_number(r[2], 70000), thumb2.and_(r[3], r[2], 0xFF00FF00), mov(lr, 4),
        *flow.hardware_loop_if_any([helium.vldrb(q[0], r[0].post(16), "8"), helium.vstrb(q[0], r[1].post(16), "8")]),
        *flow.elementwise_loop(32, r[2], [helium.vldrw(q[0], r[0].post(16), "u32")]),
    ]  # fmt: skip
    for lines, march in (
        (text.lines(thumb2_function(IN_OUT, code).code), HELIUM),
        (text.lines(function(*load_number(r[9], 1), mov(r[4], 2), r9_is_free=True).code), MAINLINE),
    ):
        assert all(accepted(lines, march)), lines


def test_armv6m_saves_high_registers_through_low_ones() -> None:
    frame = Frame("r8", "r9", "sums")
    body = [thumb1.movs(r[4], 1), thumb1.movs(r[5], 1), thumb1.mov(r[8], r[4]), thumb1.mov(r[9], r[5])]
    f = thumb1_function(IN_OUT, [*body, thumb1.ldr(r[4], frame["sums"])], spilled=(r[1],))
    lines = text.lines(f.code)
    assert lines[:4] == ["push {r1, r4, r5}", "mov r4, r8", "mov r5, r9", "push {r4, r5}"]
    assert lines[-4:] == ["pop {r4, r5}", "mov r8, r4", "mov r9, r5", "pop {r1, r4, r5}"]
    assert f.clobbers == ("memory", "cc") and f.directives == (".syntax unified",)


def test_a_fragment_knows_inputs_from_outputs() -> None:
    out, x, by = chosen("out", "x", "by")
    one = fragment([thumb2.smlad(out, x, by, out)])
    assert (
        text.statement(one) == '    __asm__(\n        "smlad %0, %1, %2, %0"\n        : "+r"(out) : "r"(x), "r"(by));'
    )
    two = fragment([ldr(out, x.post(4)), add(out, out, by)])
    assert text.statement(two).splitlines()[-1] == '        : "=&r"(out), "+&r"(x) : "r"(by) : "memory");'
    with pytest.raises(InvalidCode, match="r2 read before"):
        fragment([add(out, r[2], by)])


def test_text_of_a_function() -> None:
    assert text.parameters(function()) == "const int8_t *in, int8_t *out"
    assert text.body(function(strb(r[0], r[1].post(1)))) == "\n".join(
        [
            '    register const int8_t *r0 __asm__("r0") = in;',
            '    register int8_t *r1 __asm__("r1") = out;',
            "    __asm__ volatile(",
            '        "strb r0, [r1], #1"',
            '        : "+r"(r0), "+r"(r1) : : "memory");',
        ]
    )


def test_out_of_reach_says_why() -> None:
    with pytest.raises(OutOfReach) as caught:
        ldr(r[0], r[1][5000])
    assert caught.value.sentence == "the offset of ldr takes from -255 to 4095, not 5000"
    with pytest.raises(OutOfReach, match="multiples of 4 from -1020 to 1020, not 1021"):
        ldrd(r[0], r[1], r[2][1021])
    with pytest.raises(OutOfReach, match="8 anywhere in a word"):
        mov(r[0], 0x12345678)
