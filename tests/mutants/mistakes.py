"""Mistakes worth finding: one edit each, and the fast tests of which at least one must fail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """In `path`, `old` (which is there once) becomes `new`; `tests` are what pytest is given."""

    path: str
    old: str
    new: str
    tests: str


_OVERLAP = "tests/schedule/test_overlap.py"
_VERIFY = "tests/memory/test_verify.py"
_PAD = "tests/passes/test_rewrites.py"
_OWNER = "tests/output/test_ownership.py"
_REQUANTIZE = "tests/kernels/test_fast_requantize.py tests/ops/test_reduce.py"

MISTAKES = (
    # planner, and who checks it
    Mistake(
        "tinyengine_tf/memory/greedy.py", "if offset < high:", "if offset < high - 1:", "tests/memory/test_planner.py"
    ),
    Mistake("tinyengine_tf/memory/verify.py", "if a.start >= b.end or", "if a.start + 1 >= b.end or", _VERIFY),
    Mistake("tinyengine_tf/memory/verify.py", "if offset % buffer.align:", "if offset % 2:", _VERIFY),
    Mistake("tinyengine_tf/memory/verify.py", "and not overlap.exact)", ")", _VERIFY),
    Mistake(
        "tinyengine_tf/memory/liveness.py",
        "t not in kept}",
        "True}",
        "tests/schedule/test_storage.py::test_an_output_that_the_last_layer_reads_is_kept",
    ),
    # distances between tensors that overlap
    Mistake(
        "tinyengine_tf/schedule/overlap.py", "if images > 1 else -in_bytes", "if images > 9 else -in_bytes", _OVERLAP
    ),
    Mistake("tinyengine_tf/schedule/overlap.py", "Distance(0, exact=True) if", "Distance(0) if", _OVERLAP),
    # passes
    Mistake("tinyengine_tf/passes/fold_pad.py", "return pad.fill == pad.input.zero_point", "return True", _PAD),
    Mistake(
        "tinyengine_tf/passes/fold_pad.py", "window.pad_left + pad.before[2]", "window.pad_left + pad.before[1]", _PAD
    ),
    Mistake(
        "tinyengine_tf/passes/remove_noops.py", "and a.quant == b.quant", "", _PAD + " tests/passes/test_lookups.py"
    ),
    Mistake(
        "tinyengine_tf/passes/merge_lookups.py",
        "np.array(second.table)[np.array(first.table)",
        "np.array(first.table)[np.array(second.table)",
        "tests/passes/test_lookups.py",
    ),
    # requantisation, in Python and in C
    Mistake(
        "tinyengine_tf/ops/fixedpoint.py", "threshold = (mask >> 1) + (x < 0)", "threshold = mask >> 1", _REQUANTIZE
    ),
    Mistake("tinyengine_tf/ops/fixedpoint.py", "(product + (1 << 30)) >> 31", "product >> 31", _REQUANTIZE),
    Mistake(
        "tinyengine_tf/kernels/c/requantize.c.j2",
        "(high < 0 ? 1 : 0)",
        "0",
        "tests/ops/test_reduce.py tests/ops/test_weighted.py",
    ),
    # kernels
    Mistake(
        "tinyengine_tf/kernels/reduction/global_sum.c.j2",
        "sum + {{ count // 2 }} :",
        "sum :",
        "tests/ops/test_pool2d.py",
    ),
    Mistake(
        "tinyengine_tf/kernels/reduction/max_pool_2d.c.j2",
        "left < 0 ? 0 : left",
        "left < 0 ? 1 : left",
        "tests/ops/test_pool2d.py",
    ),
    Mistake(
        "tinyengine_tf/kernels/reduction/arg_extreme.c.j2", "best = k;", "best = k - 1;", "tests/ops/test_cast_arg.py"
    ),
    Mistake(
        "tinyengine_tf/kernels/reduction/loops.py",
        "max(0, (size - 1)",
        "max(0, (size - 2)",
        "tests/kernels/test_offsets.py -k host",
    ),
    Mistake(
        "tinyengine_tf/kernels/select.py",
        "elif frugal is not None and candidate.spends_on(op):",
        "elif False:",
        "tests/kernels/test_select.py tests/schedule/test_flash_budget.py",
    ),
    Mistake(
        "tinyengine_tf/machine/registers.py",
        "return self.number < 8",
        "return self.number <= 8",
        "tests/machine/test_program.py tests/machine/test_instructions.py",
    ),
    # what operators compute
    Mistake(
        "tinyengine_tf/ops/unary.py",
        "np.clip(values, y.zero_point, 127)",
        "np.clip(values, 0, 127)",
        "tests/ops/test_lookup.py -k relu",
    ),
    Mistake(
        "tinyengine_tf/ops/running_sum.py",
        "along[::-1] if self.reverse else along",
        "along",
        "tests/ops/test_running_sum.py",
    ),
    # importer
    Mistake(
        "tinyengine_tf/tflite/flatbuffer.py",
        "at + count > len(self.data)",
        "at + count > len(self.data) + 4",
        "tests/tflite/test_malformed.py",
    ),
    Mistake(
        "tinyengine_tf/ops/l2_normalization.py",
        'if activation != "NONE":',
        "if False:",
        "tests/ops/test_normalization.py tests/ops/test_rules.py",
    ),
    # who owns files
    Mistake("tinyengine_tf/output/obstacles.py", "and place.read_bytes() == content", "", _OWNER),
    Mistake("tinyengine_tf/output/obstacles.py", "if not stat.S_ISDIR(mode):", "if False:", _OWNER),
)
