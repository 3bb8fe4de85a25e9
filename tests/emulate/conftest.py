"""A hand-written network that keeps the generated-code contract: y0 = x + bias, y1 = sum of x, as two layers."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tinyengine_tf.target import Target, load_target

HEADER = """\
#ifndef TOY_H
#define TOY_H
#include <stddef.h>
#define TOY_ARENA_BYTES 64
#define TOY_NUM_INPUTS 1
#define TOY_NUM_OUTPUTS 2
#define TOY_INPUT0_BYTES 16
#define TOY_OUTPUT0_BYTES 16
#define TOY_OUTPUT1_BYTES 4
int toy_init(void *arena, size_t arena_bytes);
void *toy_input(int index);
int toy_invoke(void);
const void *toy_output(int index);
#ifdef TOY_TRACE
void toy_trace(int layer, int output, const void *data, size_t bytes);
void toy_tick(int layer);
#endif
#endif
"""

SOURCE = """\
#include "toy.h"
#include <stdint.h>
#include <string.h>
extern const int8_t toy_bias[16];
static union { int32_t align; int8_t bytes[64]; } builtin;
static int8_t *base;
int toy_init(void *arena, size_t arena_bytes)
{
    if (arena != NULL && arena_bytes < 64) return -1;
    base = arena != NULL ? (int8_t *)arena : builtin.bytes;
    return 0;
}
void *toy_input(int index) { return index == 0 ? base : NULL; }
int toy_invoke(void)
{
    volatile int8_t scratch[STACK_BYTES];
    int32_t sum;
    int i;
    if (base[0] == 77) return -5;
    if (base[0] == 78) { *(volatile int32_t *)BAD_ADDRESS = 1; __builtin_trap(); }
    if (base[0] == 79) for (;;) scratch[0] = 0;
    for (i = 0; i < STACK_BYTES; i++) scratch[i] = (int8_t)i;
    for (i = 0; i < 16; i++) base[16 + i] = (int8_t)(base[i] + toy_bias[i]);
#ifdef TOY_TRACE
    toy_trace(0, 0, base + 16, 16);
    toy_tick(0);
#endif
    for (sum = scratch[0], i = 0; i < 16; i++) sum += base[i];
    memcpy(base + 32, &sum, sizeof sum);
#ifdef TOY_TRACE
    toy_trace(1, 0, base + 32, 2);
    toy_trace(1, 0, base + 34, 2);
    toy_tick(1);
#endif
    return 0;
}
const void *toy_output(int index) { return index == 0 ? base + 16 : base + 32; }
"""

WEIGHTS = """\
#include <stdint.h>
extern const int8_t toy_bias[16];
const int8_t toy_bias[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
"""


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """A folder as convert would write it; its invoke uses 200 bytes of stack and more."""
    folder = tmp_path / "toy"
    (folder / "include").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "include" / "toy.h").write_text(HEADER)
    (folder / "src" / "toy.c").write_text("#define STACK_BYTES 200\n#define BAD_ADDRESS 0xF0000000u\n" + SOURCE)
    (folder / "src" / "toy_weights.c").write_text(WEIGHTS)
    return folder


@pytest.fixture
def target_or_skip() -> Callable[[str], Target]:
    """A function: name -> Target; it skips the test visibly where the compiler or emulator is absent."""
    return _target_or_skip


def _target_or_skip(name: str) -> Target:
    target = load_target(name)
    programs = [f"{target.compiler_prefix}gcc"] + ([target.emulator.program] if target.emulator else [])
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        pytest.skip(f"{', '.join(absent)} not installed")
    return target
