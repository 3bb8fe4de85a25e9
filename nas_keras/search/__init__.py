"""Which space suits a device (tinynas), which of its networks is best (strategies). Nothing here imports TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping

from nas_keras.plugins import Registry
from nas_keras.search.options import make
from nas_keras.search.strategy import Strategy
from tinyengine_tf.errors import UsageError

STRATEGIES = Registry(
    "strategy",
    "nas_keras.strategies",
    {
        "evolution": "nas_keras.search.evolution:Evolution",
        "aging": "nas_keras.search.aging:AgingEvolution",
        "random": "nas_keras.search.random_search:RandomSearch",
    },
)


def load_strategy(strategy: str | Strategy, counts: object, changes: Mapping[str, float] | None = None) -> Strategy:
    """A strategy by name, its options those of `changes` or of the budget `counts`; or itself."""
    found = make(STRATEGIES.find(strategy), counts, changes) if isinstance(strategy, str) else strategy
    if not isinstance(found, Strategy):
        raise UsageError(
            f"{strategy!r} is no strategy", where="strategy", hint=f"one of {', '.join(STRATEGIES)}, or a Strategy"
        )
    if changes and not isinstance(strategy, str):
        raise UsageError("a strategy that is made already takes no options", where="strategy_options")
    return found
