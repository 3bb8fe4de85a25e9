"""The ways into a generated library: what an application calls once it has given the network its arena.

An entry is a template of four macros, asked with the context of net.c:

    declaration()   for NAME.h
    includes()      for the head of NAME.c
    definition()    for NAME.c, after the steps and NAME_init's variables
    begin()         for NAME_init: what begins anew with a new arena

Which entries a library has follows from its schedule (`entries_of`), and from Options for those that are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyengine_tf.schedule import Schedule


@dataclass(frozen=True)
class Entry:
    template: str


INVOKE = Entry("entries/invoke.j2")
"""NAME_input(), NAME_invoke(), and NAME_run() for callers with arenas of their own."""

FEED_ROWS = Entry("entries/feed_rows.j2")
"""NAME_feed_rows(): the input arrives row by row."""

INVOKE_IMAGE = Entry("entries/invoke_image.j2")
"""NAME_invoke_image(): the input stays where the caller has it."""

STATES = Entry("entries/states.j2")
"""NAME_forget() and NAME_reset(), for networks that remember."""

STEP_BY_STEP = Entry("entries/step_by_step.j2")
"""NAME_step(): NAME_invoke() in pieces, for an application that has other things to do between them."""

STEPS = Entry("entries/steps.j2")
"""NAME_steps[]: the steps one by one, for a profiler (struct te_step of tflm_compat)."""


def entries_of(schedule: Schedule) -> tuple[Entry, ...]:
    """The entries that a schedule calls for, in the order in which they are defined."""
    way_in = FEED_ROWS if schedule.fed else INVOKE_IMAGE if schedule.image else INVOKE
    return (STATES, way_in) if schedule.graph.states else (way_in,)
