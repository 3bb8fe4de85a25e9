"""A folder of firmware -> Findings: what reaches GetModel(), how TFLM is used, where it comes from.

Sources are tokenized and names followed (resolve.py); nothing is compiled, so what cannot be followed is said to be
unsure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tflm_compat.library import shim_headers
from tflm_compat.migrate.builds import build_systems, is_test, program_folders, program_of, unused_files
from tflm_compat.migrate.constants import Constants
from tflm_compat.migrate.linkage import is_length_of
from tflm_compat.migrate.origins import Origin, origins_of_tflm
from tflm_compat.migrate.outcome import Found, Outcome, Place, ReadAtRunTime, Unsure
from tflm_compat.migrate.program import Program, calls_in
from tflm_compat.migrate.resolve import Resolver
from tflm_compat.migrate.syntax import Tokens, is_parameter_list, split, text_of
from tflm_compat.migrate.tokens import tokenize
from tflm_compat.migrate.tree import HEADERS, Tree, read_tree
from tflm_compat.migrate.unit import Function, Unit
from tflm_compat.migrate.wrappers import Wrapper, models_given, wrapper_uses

BROUGHT_ALONG = re.compile(r"tensorflow/lite/experimental/microfrontend/")
TFLM_CALLS = ("GetModel", "MicroInterpreter", "GetMutableModel")
_TFLM_HEADER = re.compile(
    r"(.*/)?tensorflow/(lite|compiler)/.*|\w*TensorFlowLite\w*\.h|(.*/)?(lite/)?micro/micro_\w+\.h"
)


@dataclass(frozen=True)
class Findings:
    """What the sources say. `arenas` maps each arena to its bytes, None where the size is not plain arithmetic.

    outcomes          what reaches GetModel(): arrays, models read at run time, what could not be followed.
    brought_along     headers of libraries that come with TFLM's distributions and have nothing to do with inference.
    missing_headers   included headers with a model in their name that the folder lacks: the build generates them.
    origins           what brings TFLM into this build.
    elsewhere         calls of GetModel() that are no part of it (other programs, tests, files that are not built).
    programs          folders of the programs, if there are several.
    named             arrays that the user names and that no call was seen to be given.
    """

    files: int
    outcomes: tuple[Outcome, ...] = ()
    lengths: tuple[tuple[str, str, Place], ...] = ()
    resolvers: tuple[tuple[str, Place], ...] = ()
    operators: tuple[str, ...] = ()
    all_operators: bool = False
    arenas: dict[str, int | None] = field(default_factory=dict)
    includes: tuple[str, ...] = ()
    not_supported: tuple[tuple[str, Place], ...] = ()
    custom_operators: tuple[tuple[str, Place], ...] = ()
    brought_along: tuple[tuple[str, Place], ...] = ()
    missing_headers: tuple[str, ...] = ()
    builds: tuple[tuple[str, str], ...] = ()
    origins: tuple[Origin, ...] = ()
    wrappers: tuple[tuple[Wrapper, Place], ...] = ()
    elsewhere: tuple[tuple[Place, str], ...] = ()
    programs: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    named: tuple[Found, ...] = ()

    @property
    def models(self) -> tuple[Found, ...]:
        return tuple(o for o in self.outcomes if isinstance(o, Found))

    @property
    def read_at_run_time(self) -> tuple[ReadAtRunTime, ...]:
        return tuple(o for o in self.outcomes if isinstance(o, ReadAtRunTime))

    @property
    def unsure(self) -> tuple[Unsure, ...]:
        return tuple(o for o in self.outcomes if isinstance(o, Unsure))


UNSUPPORTED_MEMBERS = {
    "GetTensor": "GetTensor(): tensors inside the model do not exist separately",
    "subgraphs": "Model::subgraphs(): the graph is compiled to C",
    "operator_codes": "Model::operator_codes(): the graph is compiled to C",
    "SetDecompressionMemory": "SetDecompressionMemory(): compressed models are not converted",
}


def scan(source: Path, named: Sequence[str] = ()) -> Findings:
    """Read all sources below `source` except a copy of TFLM itself. `named` are arrays to look up in any case."""
    tree = read_tree(source)
    paths, elsewhere, programs = choose_program(tree)
    program = Program(tree, paths)
    resolver = Resolver(program)
    wrappers = tuple(wrapper_uses(program))
    outcomes = list(_outcomes(program, resolver))
    for wrapper, _ in wrappers:
        if not outcomes:
            outcomes += models_given(wrapper, resolver)
    distinct: dict[object, Outcome] = {}
    for outcome in outcomes:
        distinct.setdefault(outcome.symbol if isinstance(outcome, Found) else outcome, outcome)
    constants = Constants(program)
    models = [o for o in distinct.values() if isinstance(o, Found)]
    return Findings(
        files=len(paths),
        outcomes=tuple(distinct.values()),
        lengths=tuple(_lengths(program, models)),
        resolvers=tuple(_resolver_sizes(program)),
        operators=tuple(dict.fromkeys(_registered(program))),
        all_operators=bool(program.units("AllOpsResolver")),
        arenas=_arenas(program, constants),
        includes=tuple(sorted({name for name, _ in _includes(program) if _TFLM_HEADER.fullmatch(name)})),
        not_supported=tuple(_not_supported(program)),
        custom_operators=tuple(_custom_operators(program)),
        brought_along=tuple((name, place) for name, place in _includes(program) if BROUGHT_ALONG.match(name)),
        missing_headers=tuple(_missing_headers(program)),
        builds=build_systems(tree),
        origins=tuple(origins_of_tflm(tree)),
        wrappers=wrappers,
        elsewhere=tuple(elsewhere),
        programs=tuple(programs),
        unread=tree.unread,
        named=tuple(_named(program, resolver, named)),
    )


def _named(program: Program, resolver: Resolver, names: Sequence[str]) -> Iterator[Found]:
    """Arrays by their names in the sources."""
    for name in names:
        for unit in program.units(name.rsplit("::", 1)[-1]):
            found = [
                o
                for o in resolver.resolve(tuple(tokenize(name)), unit, None, Place(unit.path, 1))
                if isinstance(o, Found)
            ]
            if found:
                yield found[0]
                break


def choose_program(tree: Tree) -> tuple[list[str], list[tuple[Place, str]], list[str]]:
    """(files of the program, calls of GetModel() outside of it, folders of the programs if there are several)."""
    uses = [p for p in dict.fromkeys(path for word in TFLM_CALLS for path in tree.mentioning(word))]
    owner = program_of(tree)
    unused = unused_files(tree)
    why: dict[str, str] = dict(unused)
    if any(not is_test(p) and p not in unused for p in uses):
        why.update((p, "it is a test") for p in tree.texts if is_test(p))
    roots = sorted({owner[p] for p in uses if p not in why})
    if len(roots) > 1 and "" in roots and "" in program_folders(tree):
        why.update((p, f"{owner[p]} is a program of its own") for p in tree.texts if owner[p])
        roots = [""]
    if len(roots) > 1:  # a library with programs beside it: what calls GetModel() for one of them
        folders = [root or "." for root in roots]
        return [p for p in tree.texts if p not in why], _calls_elsewhere(tree, uses, why), folders
    if len(roots) == 1:
        why.update((p, f"{owner[p]} is a program of its own") for p in tree.texts if owner[p] not in ("", roots[0]))
    if all(p in why for p in uses):  # never leave out everything
        why = {}
    return [p for p in tree.texts if p not in why], _calls_elsewhere(tree, uses, why), []


def _calls_elsewhere(tree: Tree, uses: list[str], why: dict[str, str]) -> list[tuple[Place, str]]:
    found = []
    for path in uses:
        match = re.search(r"\bGetModel\s*\(", tree.texts[path])
        if path in why and match:
            found.append((Place(path, tree.texts[path].count("\n", 0, match.start()) + 1), why[path]))
    return found


def _outcomes(program: Program, resolver: Resolver) -> Iterator[Outcome]:
    for tokens, unit, function, place in _get_model_calls(program):
        outcomes = resolver.resolve(tokens, unit, function, place)
        yield from outcomes or [Unsure(f"GetModel({text_of(tokens)}): nothing but null reaches it", place)]


def _get_model_calls(program: Program) -> Iterator[tuple[Tokens, Unit, Function | None, Place]]:
    """(argument, file, function, place) of each call."""
    for name in ("GetModel", "GetMutableModel", "GetRoot"):
        for unit in program.units(name):
            if "flatbuffers" in unit.path or unit.path.endswith("schema_generated.h"):
                continue
            for function in unit.functions:
                if function.is_macro:
                    for tokens, line in calls_in(function.body, name):
                        yield tokens, unit, function, Place(unit.path, line)
            for bodies in unit.macros.values():
                for body, _ in bodies:
                    for tokens, line in calls_in(body, name):
                        yield tokens, unit, None, Place(unit.path, line)
            for call in program.calls(name):
                if call.unit is unit and len(call.arguments) == 1 and not is_parameter_list(call.arguments[0]):
                    before = [t.text for t in unit.tokens[call.index + 1 : call.index + 6]]
                    own = call.receiver is not None and unit.tokens[call.index - 1].text != "::"
                    if not (name == "GetRoot" and "Model" not in before) and not own:
                        yield call.arguments[0], unit, call.function, Place(unit.path, call.line)


def _lengths(program: Program, models: list[Found]) -> Iterator[tuple[str, str, Place]]:
    """(name, type, place) of variables with a model's length; constants in headers need nothing and are left out."""
    for model in models:
        stem = model.stem or model.symbol.rsplit("::", 1)[-1]
        seen: set[str] = set()
        for unit in program.units(stem) if model.private is None else ():
            for v in sorted(unit.variables, key=lambda v: v.path.endswith(HEADERS)):
                fixed = (
                    "constexpr" in v.words or "static" in v.words or v.value is not None and v.path.endswith(HEADERS)
                )
                if (
                    is_length_of(v.name, stem)
                    and v.function is None
                    and v.owner is None
                    and not fixed
                    and not v.is_array
                ):
                    kind = " ".join(
                        w for w in v.words if re.fullmatch(r"\w+", w) and w not in ("extern", "const", "std")
                    )
                    if v.name not in seen:
                        seen.add(v.name)
                        yield v.qualified, kind, Place(v.path, v.line)


def _resolver_sizes(program: Program) -> Iterator[tuple[str, Place]]:
    for unit in program.units("MicroMutableOpResolver"):
        for index, token in enumerate(unit.tokens[:-2]):
            if token.text == "MicroMutableOpResolver" and unit.tokens[index + 1].text == "<":
                end = index + 2
                while end < len(unit.tokens) and unit.tokens[end].text not in (">", ";", ">>"):
                    end += 1
                yield text_of(unit.tokens[index + 2 : end]), Place(unit.path, token.line)


def _method_calls(program: Program, word: str, pattern: str) -> Iterator[tuple[str, Unit, int]]:
    """(name, file, index) of calls on objects, in files that mention `word`."""
    wanted = re.compile(pattern)
    for unit in program.units(word):
        for index in range(1, len(unit.tokens) - 1):
            token = unit.tokens[index]
            before, after = unit.tokens[index - 1].text, unit.tokens[index + 1].text
            if token.kind == "name" and before in (".", "->") and after == "(" and wanted.fullmatch(token.text):
                yield token.text, unit, index


def _registered(program: Program) -> Iterator[str]:
    for word in ("MicroMutableOpResolver", "MicroOpResolver", "TfLiteStatus"):
        for name, _, _ in _method_calls(program, word, r"Add[A-Z]\w*"):
            if name[3:] in _operators():
                yield name[3:]


def _custom_operators(program: Program) -> Iterator[tuple[str, Place]]:
    for _, unit, index in _method_calls(program, "AddCustom", "AddCustom"):
        arguments = split(unit.tokens[index + 2 : unit.match.get(index + 1, index + 1)])
        yield text_of(arguments[0]) if arguments else "", Place(unit.path, unit.tokens[index].line)


def _arenas(program: Program, constants: Constants) -> dict[str, int | None]:
    """Arrays and sizes handed to interpreters, or to the allocators that interpreters are given."""
    allocators = {v.name for u in program.units("MicroAllocator") for v in u.variables if "MicroAllocator" in v.words}
    used = [call.arguments[2:4] for call in program.calls("MicroInterpreter") if len(call.arguments) >= 3]
    if any(text_of(pair[0]) in allocators for pair in used):
        used += [call.arguments[:2] for call in program.calls("Create") if call.receiver == "MicroAllocator"]
    found: dict[str, int | None] = {}
    for pair in used:
        name = text_of(pair[0])
        if len(pair) == 2 and re.fullmatch(r"\w+", name) and name not in allocators:
            size = constants.value(text_of(pair[1]))
            found.setdefault(name, size if size is not None else constants.array_bytes(name))
    if not found:
        named = [program.unit(path) for path in program.tree.mentioning("rena") if path in program.paths]
        for unit in [*program.units("MicroInterpreter"), *named]:
            for v in unit.variables:
                if v.is_array and re.search("[aA]rena", v.name) and {"uint8_t", "int8_t", "char"} & set(v.words):
                    found.setdefault(v.name, constants.array_bytes(v.name))
    return found


def _includes(program: Program) -> Iterator[tuple[str, Place]]:
    """Every #include outside comments of a header that may be TFLM's."""
    for path in program.paths:
        if any(_may_be_tflm(name, program.tree) for name in program.includes(path)):
            for name, line in program.unit(path).includes:
                if _may_be_tflm(name, program.tree):
                    yield name, Place(path, line)


def _may_be_tflm(name: str, tree: Tree) -> bool:
    if name in shim_headers():
        return True
    if tree.included(name) or name.startswith("flatbuffers/"):
        return False
    copied = (path for path in tree.copied_headers if "tensorflow/lite" in path)
    return _TFLM_HEADER.fullmatch(name) is not None or any(path.endswith(f"/{name}") for path in copied)


def _not_supported(program: Program) -> Iterator[tuple[str, Place]]:
    headers = shim_headers()
    for header, place in _includes(program):
        reason = re.search(r'#error "tinyengine_tf: ([^"]+)"', headers.get(header, ""))
        if reason:
            yield f"{header}: {reason[1]}", place
        elif (
            header not in headers
            and not BROUGHT_ALONG.match(header)
            and "/examples/" not in header
            and "/models/" not in header
            and not header.endswith("_data.h")
        ):
            yield f"{header}: not among the shim's headers", place
    for member, text in UNSUPPORTED_MEMBERS.items():
        for _, unit, index in _method_calls(program, member, member):
            yield text, Place(unit.path, unit.tokens[index].line)
    for unit in program.units("MicroContext"):
        for index, token in enumerate(unit.tokens[:-1]):
            if token.text == "MicroContext" and unit.tokens[index + 1].text == "*":
                yield (
                    "MicroContext: a kernel of your own cannot run inside generated code",
                    Place(unit.path, token.line),
                )


def _missing_headers(program: Program) -> list[str]:
    found: dict[str, None] = {}
    for path in program.paths:
        text = program.tree.texts[path]
        for match in re.finditer(r'(?m)^[ \t]*#[ \t]*include[ \t]*"([\w/.-]*model[\w/.-]*\.(?:h|hh|hpp))"', text):
            if not program.tree.included(match[1]) and match[1] not in shim_headers():
                found.setdefault(match[1])
    return list(found)


@cache
def _operators() -> frozenset[str]:
    return frozenset(re.findall(r"^  X\((\w+), ", shim_headers()["tinyengine_tf/tflm_ops.h"], re.MULTILINE))
