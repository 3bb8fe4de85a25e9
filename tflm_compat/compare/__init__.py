"""TFLM and generated code side by side on one model: outputs, layers, memory, flash, instructions, time.

measure.py     runs both, gives a Comparison
device.py      TFLM itself on the emulated core, from a library that the user has built
show.py        a Comparison as text, as JSON, and as a page for colleagues
"""

from __future__ import annotations

from tflm_compat.compare.device import TflmLibrary
from tflm_compat.compare.measure import Comparison, LayerResult, compare
from tflm_compat.compare.show import as_dict, as_html, as_text
from tflm_compat.compare.side import Side

__all__ = ["Comparison", "LayerResult", "Side", "TflmLibrary", "as_dict", "as_html", "as_text", "compare"]
