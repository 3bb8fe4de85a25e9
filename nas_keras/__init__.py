"""Find, train and export int8 networks that fit a microcontroller, with the compiler as cost model.

    import nas_keras
    result = nas_keras.search_for_mcu((x, y), (x_val, y_val), target="stm32f746")
    result.convert("generated/")

TensorFlow is imported when training begins, not before.
"""

from __future__ import annotations

from typing import Any

from tinyengine_tf import __version__

__all__ = ["SearchBudget", "SearchResult", "__version__", "search_for_mcu"]

_PLACES = {"SearchBudget": "nas_keras.budget", "SearchResult": "nas_keras.result", "search_for_mcu": "nas_keras.api"}


def __getattr__(name: str) -> Any:
    """Load the public names when they are first used."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
