"""Telling who is the trainee and who the customer, without guessing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from simulator.domain.behaviour import Role
from simulator.domain.errors import UsageError, nearest

# Words that say which side somebody is on, whatever the file calls its columns.
_TRAINEE = {"trainee", "agent", "representative", "rep", "advisor", "adviser", "staff", "employee", "clerk", "server", "barista"}
_TRAINEE |= {"waiter", "waitress", "receptionist", "cashier", "operator", "support", "seller", "salesperson"}
_CUSTOMER = {"customer", "client", "caller", "guest", "patient", "buyer", "shopper", "visitor", "passenger", "patron"}
# Not part of what was said by either.
IGNORED = frozenset({"system", "developer", "tool", "function", "action"})


class WhoIsTheTraineeError(UsageError):
    """A transcript does not say which speaker is to be graded; ``speakers`` are its names."""

    def __init__(self, speakers: Sequence[str], where: str) -> None:
        self.speakers = tuple(speakers)
        names = ", ".join(repr(name) for name in speakers) or "nobody"
        super().__init__(
            f"{where}: it cannot be told which speaker is the trainee ({names}).", hint="Say it with --trainee NAME."
        )


@dataclass(frozen=True)
class Sides:
    """Who is graded: ``trainee`` is a speaker's name as the files write it, or ``None`` where the names tell."""

    trainee: str | None = None

    def roles(self, speakers: Iterable[str], where: str) -> dict[str, Role]:
        """Return the role of each speaker; everybody who is not the trainee is the customer's side.

        Raises :class:`WhoIsTheTraineeError` where no name tells, more than one could be meant, or ``trainee`` is not among them.
        """
        names = list(dict.fromkeys(speakers))
        folded = {name: name.strip().casefold() for name in names}
        if self.trainee is not None:
            wanted = self.trainee.strip().casefold()
            if wanted not in folded.values():
                near = nearest(self.trainee, names)
                raise UsageError(
                    f"{where}: nobody is called {self.trainee!r}.",
                    hint=f"Did you mean {near!r}?" if near else f"Speakers: {', '.join(names)}.",
                )
            return {name: "trainee" if folded[name] == wanted else "customer" for name in names}
        trainees = [name for name in names if folded[name] in _TRAINEE]
        customers = [name for name in names if folded[name] in _CUSTOMER]
        if len(trainees) == 1 or (not trainees and len(customers) == 1 and len(names) == 2):
            trainee = trainees[0] if trainees else next(name for name in names if name not in customers)
            return {name: "trainee" if name == trainee else "customer" for name in names}
        if names and len(customers) == len(names):
            return dict.fromkeys(names, "customer")
        raise WhoIsTheTraineeError(names, where)
