"""How much work a search may be: three sizes, or any SearchBudget."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from nas_keras.search.context import Allowance
from nas_keras.search.tinynas import Sampling
from tinyengine_tf.errors import UsageError


@dataclass(frozen=True)
class SearchBudget:
    """Counts of everything that costs time.

    samples              networks drawn per space in stage 1.
    supernet_epochs      of the largest network alone; all networks together get twice as many.
    networks             drawn per batch while all are trained.
    evaluations          candidates of the search.
    search_images        on which a strategy may itself train; 0: as many as it takes.
    search_minutes       of the search for candidates; 0: no bound. With one the outcome depends on the machine.
    population, parents  of strategies that have such options, and so with every name that a strategy's option shares.
    search_examples      of the validation data on which candidates are compared.
    finetune_epochs, qat_epochs   of the network that is chosen.
    finetune_small       part of the fine-tuning epochs, the first ones, on images of three quarters the size: faster.
    """

    samples: int = 300
    supernet_epochs: int = 20
    networks: int = 4
    evaluations: int = 400
    population: int = 50
    parents: int = 12
    search_examples: int = 2000
    finetune_epochs: int = 40
    qat_epochs: int = 8
    batch: int = 64
    learning_rate: float = 0.2
    distillation: float = 0.0
    finetune_small: float = 0.0
    search_images: int = 0
    search_minutes: float = 0.0

    def __post_init__(self) -> None:
        least = {
            "samples": 1,
            "supernet_epochs": 1,
            "networks": 1,
            "evaluations": 1,
            "population": 2,
            "parents": 1,
            "search_examples": 1,
            "finetune_epochs": 0,
            "qat_epochs": 0,
            "batch": 1,
            "search_images": 0,
            "search_minutes": 0,
        }
        for name, value in least.items():
            if getattr(self, name) < value:
                raise UsageError(f"{name} is {getattr(self, name)}, at least {value} is needed", where="budget")
        if not 0 <= self.finetune_small < 1:
            raise UsageError(f"finetune_small is {self.finetune_small}, a part of 1 is needed", where="budget")

    @property
    def allowance(self) -> Allowance:
        """What the search for candidates may spend."""
        return Allowance(self.evaluations, self.search_images or None, self.search_minutes * 60 or None)

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.samples, max(3, min(30, self.samples // 10)), 4 * self.samples)


BUDGETS = {
    "quick": SearchBudget(
        samples=40,
        supernet_epochs=4,
        networks=2,
        evaluations=60,
        population=20,
        parents=6,
        search_examples=500,
        finetune_epochs=8,
        qat_epochs=3,
    ),
    "standard": SearchBudget(),
    "thorough": SearchBudget(
        samples=1000,
        supernet_epochs=60,
        evaluations=3000,
        population=100,
        parents=20,
        search_examples=10_000,
        finetune_epochs=150,
        qat_epochs=10,
        distillation=0.5,
    ),
}


def load_budget(budget: str | SearchBudget) -> SearchBudget:
    """A SearchBudget by name, or itself."""
    if isinstance(budget, SearchBudget):
        return budget
    if not isinstance(budget, str) or budget not in BUDGETS:
        raise UsageError(f"budget is {budget!r}", hint=f"one of {', '.join(BUDGETS)}, or a SearchBudget")
    return BUDGETS[budget]


def counts() -> tuple[str, ...]:
    """The names of a budget's counts."""
    return tuple(field.name for field in fields(SearchBudget))


def adjust(budget: SearchBudget, changes: Iterable[str], others: Iterable[str] = ()) -> SearchBudget:
    """The budget with some counts replaced; `changes` are texts such as "samples=100".

    others   names that would have been accepted besides, for the message about one that is not
    """
    kinds = {field.name: type(getattr(budget, field.name)) for field in fields(budget)}
    found = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in kinds:
            raise UsageError(
                f"{name!r} is no part of a budget", where="budget", hint=f"one of {', '.join((*kinds, *others))}"
            )
        try:
            found[name] = kinds[name](value)
        except ValueError as error:
            raise UsageError(f"{change!r}: {value!r} is no {kinds[name].__name__}", where="budget") from error
    return replace(budget, **found)
