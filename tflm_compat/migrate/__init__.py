"""Existing firmware -> what must change for it to run on generated code. Reads the firmware, never writes to it.

scan.py      source files -> Findings: model array, its length, resolver, arena, build system, what is not supported
constants.py the numbers behind kTensorArenaSize and its like
advise.py    Findings and a conversion -> a Migration, and what to tell the user
"""

from __future__ import annotations

from tflm_compat.migrate.advise import Migration, migrate
from tflm_compat.migrate.scan import Findings, scan

__all__ = ["Findings", "Migration", "migrate", "scan"]
