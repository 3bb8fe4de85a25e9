"""Generated code in place of TensorFlow Lite Micro (TFLM) in firmware that exists already.

include/          headers at TFLM's own paths, over a converted model: firmware needs no other change
library.py        the generated library defines the symbols that firmware references
symbols.py        how firmware calls its model array and the array's length
"""

from __future__ import annotations

from tflm_compat.library import convert
from tflm_compat.symbols import ModelSymbols, parse_symbols

__all__ = ["ModelSymbols", "convert", "parse_symbols"]
