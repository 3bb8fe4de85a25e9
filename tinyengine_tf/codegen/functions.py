"""The kernel functions of a generated model: rendered from templates, equal texts shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from tinyengine_tf.codegen.assembly import in_pieces
from tinyengine_tf.kernels.base import Code

_PLACEHOLDER = "TE_FUNCTION_NAME"


class Functions:
    """Collects C functions while layers are rendered."""

    def __init__(self, env: jinja2.Environment):
        self._env = env
        self._names: dict[str, str] = {}
        self._needs: dict[str, str] = {}
        self._parts: dict[str, str] = {}

    def function(self, kernel_name: str, label: str, code: Code, units: int) -> str:
        """The C name of a kernel's function; layers with the same text share it.

        A template may call `part(template, name, **params)`: it renders a function of its own before this one,
        shared by all kernels that ask for the same text, and gives its name.
        """
        for need in code.needs:
            if need not in self._needs:
                self._needs[need] = self._env.get_template(f"c/{need}.c.j2").render()
        text = self._render(code.template, code.params(units))
        return self._names.setdefault(text, f"{kernel_name}_{label}")

    def _part(self, template: str, name: str, **params: Any) -> str:
        text = self._render(template, params)
        if text not in self._parts:
            taken = sum(other == name or other.startswith(f"{name}_v") for other in self._parts.values())
            self._parts[text] = f"{name}_v{taken + 1}" if taken else name
        return self._parts[text]

    def _render(self, template: str, params: Mapping[str, Any]) -> str:
        return in_pieces(self._env.get_template(template).render(fn=_PLACEHOLDER, part=self._part, **params))

    @property
    def preludes(self) -> list[str]:
        """Small inline functions that several kernels call."""
        return list(self._needs.values())

    @property
    def texts(self) -> list[str]:
        named = [*self._parts.items(), *self._names.items()]
        return [text.replace(_PLACEHOLDER, name) for text, name in named]
