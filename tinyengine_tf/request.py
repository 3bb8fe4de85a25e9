"""What is asked of the compiler besides the model: made once of what callers say, checked once, taken by all commands.

    convert, estimate, pareto, verify, compare(model, target="stm32f746", optimize="ram", ...)
        -> Request.of(target=..., optimize=..., ...)   -> compile_graph(graph, request)

Every function of `api`, and every command that reads a model, takes the keywords of Asked; a new one is a field here
and an option in `arguments`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict, Unpack

from tinyengine_tf.errors import UsageError
from tinyengine_tf.passes import check_io
from tinyengine_tf.regions import Places, parse_places
from tinyengine_tf.schedule import Goal
from tinyengine_tf.target import Target, load_target

Regions = Mapping[str, str] | Places | None

DEFAULT_TARGET = "cortex-m4"


class Asked(TypedDict, total=False):
    """The keywords that all functions on a model share, each with its default.

    target             core or board, by name or as a Target; "cortex-m4".
    signature          which of the file's signatures is meant; None: its first subgraph, as TFLM does.
    io                 "model": inputs and outputs as in the file; "int8": without boundary QUANTIZE/DEQUANTIZE.
    optimize           "latency", "balanced", "ram" or "speed": see schedule.Goal.
    ram_budget_bytes   least work within this arena instead; None.
    flash_budget_bytes what constants may take, where larger ones make layers faster; None: as little as they can.
    feed               "frame": the whole input lies in the arena; "rows" generates NAME_feed_rows(): it arrives row by
                       row and never lies in RAM; "image" generates NAME_invoke_image(): it stays where the caller has
                       it, and is not in the arena.
    regions            memory regions to use, such as {"arena": "DTCM:64KB,AXI_SRAM", "weights": "FLASH,QSPI"}, fastest
                       first; None: the arena is split only where no region on the chip can hold it.
    """

    target: str | Target
    signature: str | None
    io: str
    optimize: str
    ram_budget_bytes: int | None
    flash_budget_bytes: int | None
    feed: str
    regions: Regions


@dataclass(frozen=True)
class Request:
    """What a caller asked for, complete and checked."""

    target: Target
    goal: Goal = Goal()
    io: str = "model"
    places: Places = Places()
    signature: str | None = None

    def __post_init__(self) -> None:
        check_io(self.io)

    @staticmethod
    def of(**asked: Unpack[Asked]) -> Request:
        """Raises UsageError for what does not exist or contradicts itself, TypeError for unknown keywords."""
        unknown = sorted(set(asked) - set(Asked.__annotations__))
        if unknown:
            raise TypeError(f"unknown keyword {unknown[0]!r}; known are {', '.join(Asked.__annotations__)}")
        target = asked.get("target", DEFAULT_TARGET)
        device = load_target(target) if isinstance(target, str) else target
        goal = Goal(
            asked.get("optimize", "latency"),
            asked.get("ram_budget_bytes"),
            asked.get("feed", "frame"),
            asked.get("flash_budget_bytes"),
        )
        places = _places(device, asked.get("regions"))
        return Request(device, goal, asked.get("io", "model"), places, asked.get("signature"))

    @property
    def asks_for_plan(self) -> bool:
        """Whether one schedule among many is meant, by budget or by aim."""
        return self.goal.ram_budget_bytes is not None or self.goal.optimize != Goal().optimize

    def require_whole_model(self, because: str) -> None:
        """Raise UsageError unless inputs, outputs and subgraph are the file's own and the arena is in one piece."""
        asked = {
            "--io": self.io != "model",
            "--feed": self.goal.feed != "frame",
            "--signature": self.signature is not None,
            "--region": bool(self.places.arena or self.places.weights),
        }
        given = [option for option, is_asked in asked.items() if is_asked]
        if given:
            raise UsageError(because, hint=f"leave out {' and '.join(given)}")


def _places(target: Target, regions: Regions) -> Places:
    """The regions that a caller allows. Raises UsageError for names the target does not have."""
    if isinstance(regions, Places):
        return regions
    return parse_places(regions or {}, (*target.ram, *target.constants))
