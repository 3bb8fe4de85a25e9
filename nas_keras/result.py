"""What a search returns, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_keras.cost.footprint import Footprint, Limits
from nas_keras.data import Coding
from nas_keras.emulated import Emulation
from nas_keras.families.space import Arch
from nas_keras.files import write_bytes
from nas_keras.search.context import Trial
from nas_keras.search.tinynas import SpaceStats
from nas_keras.show.report import Candidate, render
from tinyengine_tf import Conversion, convert

if TYPE_CHECKING:
    import tf_keras


@dataclass(frozen=True)
class SearchResult:
    """A trained int8 network that fits.

    model       the float tf_keras model; inputs as `coding.encode` makes them, outputs logits.
    tflite      the exported file: int8 input as `coding.quantize` makes it, int8 logits.
    accuracy    on the validation data: "float", "int8".
    footprint   of the converted file, by the compiler.
    emulated    the file on the emulated core, beside TFLM.
    history     metrics per epoch of "largest", "shared", "finetune" and "qat".
    trials      all candidates of the search with their accuracy inside the super-network.
    spaces      statistics of stage 1, one per space.
    """

    model: tf_keras.Model
    arch: Arch
    tflite: bytes
    coding: Coding
    target: str
    limits: Limits
    footprint: Footprint
    emulated: Emulation
    accuracy: dict[str, float]
    history: dict[str, list[dict[str, float]]]
    trials: list[Trial]
    trial_costs: list[Footprint]
    spaces: tuple[SpaceStats, ...]
    space: str
    workdir: Path

    def convert(self, out: str | Path, *, name: str = "net", **options: Any) -> Conversion:
        """Write the C for the search's target to the folder `out`; options as for tinyengine_tf.convert."""
        options.setdefault("optimize", "ram")
        return convert(self.tflite, out, target=self.target, name=name, **options)

    def report(self, path: str | Path, table: str = "") -> Path:
        """Write one self-contained HTML page, with a `table` of one's own at its top."""
        page = render(
            self.tflite,
            self.target,
            texts=[str(self), table],
            spaces=self.spaces,
            space=self.space,
            candidates=[
                Candidate(cost.macs, trial.fitness, trial.arch == self.arch)
                for cost, trial in zip(self.trial_costs, self.trials, strict=True)
            ],
            history=self.history,
        )
        write_bytes(Path(path), page.encode())
        return Path(path)

    def __str__(self) -> str:
        lines = [
            f"network    {self.arch.describe()}",
            "accuracy   "
            + ", ".join(f"{kind} {value:.4f}" for kind, value in self.accuracy.items())
            + " on the validation data",
            f"SRAM       {_of(self.footprint.sram_bytes, self.limits.sram_bytes)}",
            f"flash      {_of(self.footprint.flash_bytes, self.limits.flash_bytes)} (constants; code comes on top)",
            f"work       {self.footprint.macs:,} multiply-accumulates"
            + (f", {self.footprint.instructions:,} instructions" if self.footprint.instructions else ""),
            f"emulated   {self.emulated}",
            f"files      {self.workdir}",
        ]
        if broken := self.limits.broken(self.footprint):
            lines.append(f"NOTE       above its limit on {', '.join(broken)}; without weights it was predicted to fit")
        return "\n".join(lines)


def _of(value: int, limit: int | None) -> str:
    return f"{value:,} bytes" + (f" of {limit:,}" if limit is not None else "")
