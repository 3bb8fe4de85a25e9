"""The kernel functions of a generated model: rendered from templates, equal texts shared."""

from __future__ import annotations

from typing import Any

import jinja2

_PLACEHOLDER = "TE_FUNCTION_NAME"


class Functions:
    """Collects C functions while layers are rendered."""

    def __init__(self, env: jinja2.Environment):
        self._env = env
        self._names: dict[str, str] = {}
        self._needs: dict[str, str] = {}

    def function(self, kernel_name: str, label: str, template: str, params: dict[str, Any], needs: tuple[str, ...]) -> str:
        """The C name of a kernel with these parameters; layers with the same text share it."""
        for need in needs:
            if need not in self._needs:
                self._needs[need] = self._env.get_template(f"{need}.c.j2").render()
        text = self._env.get_template(template).render(fn=_PLACEHOLDER, **params)
        return self._names.setdefault(text, f"{kernel_name}_{label}")

    @property
    def preludes(self) -> list[str]:
        """Small inline functions that several kernels call."""
        return list(self._needs.values())

    @property
    def texts(self) -> list[str]:
        return [text.replace(_PLACEHOLDER, name) for text, name in self._names.items()]
