"""Which member of a space is best: search strategies that share one lifecycle. Nothing here imports TensorFlow."""

from nas_keras.search.aging import AgingEvolution
from nas_keras.search.evolution import Evolution
from nas_keras.search.lifecycle import Searcher, Trial, best, run
from nas_keras.search.random_search import RandomSearch

STRATEGIES: dict[str, type[Searcher]] = {"evolution": Evolution, "aging": AgingEvolution, "random": RandomSearch}

__all__ = ["STRATEGIES", "AgingEvolution", "Evolution", "RandomSearch", "Searcher", "Trial", "best", "run"]
