"""A Program and samples -> outputs, exact instruction counts, stack depth: on the host or in QEMU.

QEMU runs with -icount shift=0, where every instruction takes one nanosecond of virtual time. The machines' counters
tick only every 40 or 50 ns; the harness reads them once in every phase of a tick (harness/arm.S tells how), so counts
are exact, not rounded to ticks. Every run proves this again on an empty function and a counted loop.
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinyengine_tf.errors import InternalError, ToolchainError, UsageError
from tinyengine_tf.lab.build import STACK_BYTES, Program, Sizes, find_tool
from tinyengine_tf.target import Emulator

Sample = Sequence[np.ndarray | bytes]
Time = tuple[int, int]

LOOP_COUNT = 1000  # TE_LOOP_COUNT of the harness
STACK_RESERVE_BYTES = 1024  # more than the harness's own frames above the measured call
_RECORD = struct.Struct("<IIIIiI")
_EVENT = struct.Struct("<iiI4I")
_BEGIN_SAMPLE, _END_SAMPLE, _CALIBRATE, _TICK = -2, -3, -1, -1


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was observed. Lists have one entry per sample.

    `outputs`: raw bytes (uint8, one-dimensional) of each network output. `instructions_each`: of net_invoke, from its
    first instruction to its return, exact; empty on the host. `init_instructions`: of net_init,
    exact. `stack_bytes`: deepest stack of net_init and net_invoke, their own frames included, over all samples;
    None on the host. `nanoseconds_each`: wall time of net_invoke, host only.
    With trace: `layers[sample][(layer, output)]` holds the bytes given to the trace hook (pieces joined in order),
    `layer_instructions[sample][layer]` the instructions between the hooks, hooks excluded; exact but for the few that
    fetch the hooks' arguments, which a build without trace does not execute. Key -3 holds what ran after the last
    layer; `instructions_each` is then the sum over the layers.
    """

    outputs: list[list[np.ndarray]]
    sizes: Sizes
    instructions_each: tuple[int, ...] = ()
    init_instructions: int | None = None
    stack_bytes: int | None = None
    nanoseconds_each: tuple[int, ...] = ()
    layers: list[dict[tuple[int, int], bytes]] = field(default_factory=list)
    layer_instructions: list[dict[int, int]] = field(default_factory=list)

    @property
    def instructions(self) -> int | None:
        """Instructions of the most expensive sample, None on the host."""
        return max(self.instructions_each, default=None)

    @property
    def static_ram_bytes(self) -> int:
        """.data and .bss of the generated code, arena included."""
        return self.sizes.static_ram_bytes

    @property
    def flash_bytes(self) -> int:
        """Code, weights, tables and library routines."""
        return self.sizes.flash_bytes


def run(
    program: Program,
    inputs: Sequence[Sample],
    *,
    trace: bool = False,
    timeout_s: float = 600.0,
    log: Path | None = None,
) -> Run:
    """Run every sample of `inputs`: one array or bytes per network input, in the network's own type and order.

    `trace` collects what the hooks of code generated with trace=True report. `log` names a file into which QEMU writes
    the address of every instruction executed, a line each (100 bytes). Raises UsageError for inputs of the wrong
    size, ToolchainError for a missing emulator, a time-out or an emulator that does not count exactly, InternalError
    when the generated code crashes or returns an error.
    """
    samples = [_sample_bytes(program, index, sample) for index, sample in enumerate(inputs)]
    with tempfile.TemporaryDirectory(prefix="tinyengine_tf_") as folder:
        directory = Path(folder)
        (directory / "input.bin").write_bytes(struct.pack("<II", len(samples), int(trace)) + b"".join(samples))
        _execute(program, directory, timeout_s, log)
        outputs = _read_outputs(program, (directory / "output.bin").read_bytes(), len(samples))
        records = (directory / "record.bin").read_bytes()
        events = (directory / "event.bin").read_bytes() if trace else b""
    if program.target.emulator is not None:
        return _measured(program, program.target.emulator, outputs, records, events)
    layers, _ = _read_events(events, None)
    durations = struct.unpack(f"<{len(samples)}q", records)
    return Run(outputs=outputs, sizes=program.sizes, nanoseconds_each=durations, layers=layers)


def _measured(
    program: Program, emulator: Emulator, outputs: list[list[np.ndarray]], records: bytes, events: bytes
) -> Run:
    """Turn the emulated harness's records into counts, after checking that a counted loop is counted right."""
    empty, loop, init, *invokes = _RECORD.iter_unpack(records)
    overhead = _interval(emulator, empty[0:2], empty[2:4]) - 1
    counted = _interval(emulator, loop[0:2], loop[2:4]) - overhead
    if counted != 2 + 2 * LOOP_COUNT:
        message = f"{emulator.machine} counted {counted} instructions for a loop of {2 + 2 * LOOP_COUNT}"
        raise ToolchainError(message, where=program.target.name, hint="use QEMU 7.2, with which this was tested")
    layers, layer_instructions = _read_events(events, emulator)
    stack_bytes = max(record[5] for record in (init, *invokes))
    if stack_bytes > STACK_BYTES - STACK_RESERVE_BYTES:
        raise InternalError(f"more than {STACK_BYTES - STACK_RESERVE_BYTES} bytes of stack used", where=program.name)
    each = [_interval(emulator, record[0:2], record[2:4]) - overhead for record in invokes]
    if events:  # the hooks ran, too
        each = [sum(spent.values()) for spent in layer_instructions]
    return Run(
        outputs=outputs,
        sizes=program.sizes,
        instructions_each=tuple(each),
        init_instructions=_interval(emulator, init[0:2], init[2:4]) - overhead,
        stack_bytes=stack_bytes,
        layers=layers,
        layer_instructions=layer_instructions,
    )


def _sample_bytes(program: Program, index: int, sample: Sample) -> bytes:
    """Join the inputs of one sample after checking their number and sizes."""
    if isinstance(sample, np.ndarray | bytes):
        raise UsageError(f"sample {index} is one array, expected a list with one array per input", where="run")
    parts = [part if isinstance(part, bytes) else np.ascontiguousarray(part).tobytes() for part in sample]
    sizes = tuple(len(part) for part in parts)
    if sizes != program.input_bytes:
        raise UsageError(
            f"sample {index} has inputs of {sizes} bytes, {program.name} takes {program.input_bytes}", where="run"
        )
    return b"".join(parts)


def _execute(program: Program, directory: Path, timeout_s: float, log: Path | None) -> None:
    """Run the program in `directory`; turn every way to fail into an error that says what happened."""
    target, emulator = program.target, program.target.emulator
    command = [str(program.path)]
    if emulator is not None:
        command = [find_tool(emulator.program, emulator.package), "-machine", emulator.machine, "-icount", "shift=0"]
        command += ["-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot", "-bios", "none"]
        command += ["-semihosting-config", "enable=on,target=native", "-kernel", str(program.path)]
        command += ["-singlestep", "-d", "exec,nochain", "-D", str(log.absolute())] if log is not None else []
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        message = f"no result after {timeout_s:g} s on {target.name}"
        raise ToolchainError(message, where="run", hint="give fewer samples or a longer time limit") from error
    if done.returncode == 0:
        return
    text = (done.stdout + done.stderr).decode(errors="replace").strip()
    where = f"{program.name} on {target.name}"
    if fault := re.search(r"FAULT cause=(\w+) pc=(\w+) address=(\w+)", text):
        cause, counter, address = fault.groups()
        place = _symbol_at(program, int(counter, 16))
        raise InternalError(f"processor fault {cause} at {counter} ({place}), address {address}", where=where)
    if status := re.search(r"STATUS (\w+) returned (0x\w+)", text):
        value = int(status.group(2), 16)
        raise InternalError(f"{program.name}_{status.group(1)} returned {value - (value >> 31 << 32)}", where=where)
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    if target.is_host:
        raise InternalError(f"the generated code ended with {how}\n{text[:4000]}", where=where)
    raise ToolchainError(f"{command[0]} ended with {how}\n{text[:4000]}", where=where)


def _symbol_at(program: Program, address: int) -> str:
    """Name the function that contains `address`, or say that none does; never raises."""
    tool = f"{program.target.compiler_prefix}addr2line"
    try:
        done = subprocess.run(
            [tool, "-f", "-e", str(program.path), hex(address)], capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown function"
    name = done.stdout.splitlines()[0] if done.stdout else "??"
    return "outside the program" if name == "??" else name


def _read_outputs(program: Program, data: bytes, count: int) -> list[list[np.ndarray]]:
    if len(data) != count * sum(program.output_bytes):
        raise InternalError(f"{len(data)} bytes of output for {count} samples", where=program.name)
    array, offset, outputs = np.frombuffer(data, np.uint8), 0, []
    for _ in range(count):
        sample = []
        for size in program.output_bytes:
            sample.append(array[offset : offset + size].copy())
            offset += size
        outputs.append(sample)
    return outputs


def _interval(emulator: Emulator, start: Time, end: Time) -> int:
    """Instructions between two te_now readings: `fine` is exact modulo 2^32, `ticks` tells how often it wrapped."""
    coarse = ((end[0] - start[0]) % 2**32) * emulator.ns_per_tick
    fine = (end[1] - start[1]) % 2**32
    return fine + round((coarse - fine) / 2**32) * 2**32


def _read_events(
    data: bytes, emulator: Emulator | None
) -> tuple[list[dict[tuple[int, int], bytes]], list[dict[int, int]]]:
    """Split event.bin into per-sample layer bytes and, where there is an emulator, per-sample layer instructions."""
    layers: list[dict[tuple[int, int], bytes]] = []
    instructions: list[dict[int, int]] = []
    offset, hook_cost = 0, 0
    while offset < len(data):
        layer, output, size, *times = _EVENT.unpack_from(data, offset)
        payload = data[offset + _EVENT.size : offset + _EVENT.size + size]
        offset += _EVENT.size + size
        elapsed = _interval(emulator, (times[0], times[1]), (times[2], times[3])) if emulator else 0
        if output == _TICK and layer == _CALIBRATE:
            hook_cost = elapsed  # the second of two adjacent hooks counts
        elif output == _TICK and layer == _BEGIN_SAMPLE:
            layers.append({})
            instructions.append({})
        elif layers:
            spent = instructions[-1]
            spent[layer] = spent.get(layer, 0) + elapsed - hook_cost
            if output != _TICK:
                layers[-1][layer, output] = layers[-1].get((layer, output), b"") + payload
    return layers, instructions if emulator else []
