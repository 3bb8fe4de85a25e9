"""Existing firmware -> what must change for it to run on generated code. Reads the firmware, never writes to it.

tree.py       a folder -> texts of sources and build files; TFLM's own copies left out
tokens.py     text -> C/C++ tokens          syntax.py   tokens of a statement -> its parts
unit.py       tokens of a file -> declarations, functions, classes, macros
program.py    all files of a program, by name
builds.py     build systems, programs, files that are not built      origins.py   what brings TFLM into the build
embedded.py   symbols made from files (EMBED_FILES, .incbin)         linkage.py   can the library define this array?
resolve.py    what reaches GetModel() -> outcome.py: Found | ReadAtRunTime | Unsure
wrappers.py   libraries that call GetModel() for their users         constants.py the numbers behind kTensorArenaSize
scan.py       all of this -> Findings
assign.py     Findings and files -> which file is which array
advise.py     -> a Migration, as text or JSON; steps.py what to do, in order
"""

from __future__ import annotations

from tflm_compat.migrate.advise import Migration, migrate
from tflm_compat.migrate.scan import Findings, scan

__all__ = ["Findings", "Migration", "migrate", "scan"]
