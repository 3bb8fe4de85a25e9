"""A library's name may clash with nothing: found out with the compiler, where one can."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import tinyengine_tf
from tests.codegen.models import small_cnn
from tinyengine_tf.codegen import Options
from tinyengine_tf.codegen.names import check_name
from tinyengine_tf.errors import UsageError


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((name, "would hide the header") for name in ("stdint", "stddef", "stdio", "string", "math", "errno", "time")),
        *((name, "would hide the header") for name in ("new", "unistd", "pthread", "poll", "wire", "spi", "arduino")),
        *((name, "is a keyword") for name in ("int", "while", "class", "template", "this", "requires", "constexpr")),
        *((name, "is a function") for name in ("main", "printf", "memcpy", "abs", "exit", "setup", "loop", "read")),
        *((name, "_init() is a function") for name in ("sem", "mtx", "pthread_mutex", "k_timer")),
        *((name, "is a library that programs link") for name in ("m", "c", "gcc")),
        *((name, "build systems have a target") for name in ("test", "all", "clean", "install")),
        *((name, "Windows cannot have a file") for name in ("con", "aux", "nul", "com1")),
        *(
            (name, "cannot prefix C symbols")
            for name in ("", "Net", "1net", "a-b", "é", "n" * 42, "a b", "te_x", "a\n")
        ),
    ],
)
def test_names_that_clash(name: str, reason: str) -> None:
    with pytest.raises(UsageError) as error:
        Options(name=name)
    assert reason in error.value.message and error.value.hint
    if error.value.hint.endswith("_net"):
        check_name(error.value.hint)


@pytest.mark.parametrize(
    "name", ["net", "person_detect", "a", "kws2", "model", "vector", "stdint_net", "integer", "n" * 41]
)
def test_names_that_do_not(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("compiler", ["arm-none-eabi-gcc", "riscv64-unknown-elf-gcc --specs=picolibc.specs"])
def test_no_header_of_a_toolchain_can_be_hidden(compiler: str) -> None:
    """Every <x.h> in the include folders of the compilers that firmware is built with."""
    command = [*compiler.split(), "-E", "-v", "-x"]
    headers = set()
    for language in ("c", "c++") if "arm" in compiler else ("c",):
        told = subprocess.run([*command, language, "-"], input="", capture_output=True, text=True, check=True).stderr
        folders = told.partition("search starts here:")[2].partition("End of search list")[0].split()
        headers |= {header.stem for folder in folders for header in Path(folder).glob("*.h")}
    assert len(headers) > 60 and {"stdint", "string"} < headers
    for name in headers:
        with pytest.raises(UsageError):
            check_name(name)


def test_a_model_beside_the_header_it_resembles_compiles(tmp_path: Path) -> None:
    tinyengine_tf.convert(small_cnn(), tmp_path, name="stdint_net", target="host")
    source = tmp_path / "user.c"
    source.write_text('#include <stdint.h>\n#include <stdio.h>\n#include "stdint_net.h"\nint32_t x;\n')
    command = ["gcc", "-std=c99", "-Wall", "-Werror", f"-I{tmp_path / 'include'}", "-fsyntax-only"]
    subprocess.run([*command, str(source), *map(str, (tmp_path / "src").glob("*.c"))], check=True)
