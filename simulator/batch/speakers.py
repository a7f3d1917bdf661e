"""Telling who is the trainee and who the customer, without guessing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

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
        self.reason = f"it cannot be told which speaker is the trainee ({names})"
        super().__init__(f"{where}: {self.reason}.", hint="Say it with --trainee NAME.")


class NobodyCalledError(UsageError):
    """The trainee who was named is not among the ``speakers`` of a transcript."""

    def __init__(self, trainee: str, speakers: Sequence[str], where: str) -> None:
        self.speakers = tuple(speakers)
        near = nearest(trainee, speakers)
        listed = f"Speakers: {', '.join(speakers)}."
        self.reason = f"nobody is called {trainee!r}, only {', '.join(repr(name) for name in speakers)}"
        super().__init__(f"{where}: nobody is called {trainee!r}.", hint=f"Did you mean {near!r}? {listed}" if near else listed)


@dataclass(frozen=True)
class Sides:
    """Who is graded: ``trainee`` is a speaker's name as the files write it, or ``None`` where the names tell.

    ``told`` holds something once the roles of some transcript could be told: from then on one that differs is a fault of its
    own, and no longer a sign that the whole is read in the wrong way.
    """

    trainee: str | None = None
    told: list[bool] = field(default_factory=list, compare=False, repr=False)

    def afresh(self) -> Sides:
        """Return the same sides, of no transcript told yet."""
        return Sides(self.trainee)

    def tell(self) -> None:
        """Take note that roles could be told."""
        if not self.told:
            self.told.append(True)

    def roles(self, speakers: Iterable[str], where: str) -> dict[str, Role]:
        """Return the role of each speaker; everybody who is not the trainee is the customer's side.

        Raises :class:`WhoIsTheTraineeError` where no name tells or more than one could be meant, and :class:`NobodyCalledError`
        where ``trainee`` is not among them.
        """
        names = list(dict.fromkeys(speakers))
        folded = {name: name.strip().casefold() for name in names}
        if self.trainee is not None:
            wanted = self.trainee.strip().casefold()
            if wanted not in folded.values() and set(folded.values()) <= {"trainee", "customer"}:
                self.tell()
                return {name: cast("Role", folded[name]) for name in names}  # ours, which say it themselves
            if wanted not in folded.values():
                raise NobodyCalledError(self.trainee, names, where)
            self.tell()
            return {name: "trainee" if folded[name] == wanted else "customer" for name in names}
        different = set(folded.values())
        trainees, customers = different & _TRAINEE, different & _CUSTOMER
        if len(trainees) == 1 or (not trainees and len(customers) == 1 and len(different) == 2):
            self.tell()
            [trainee] = trainees or different - customers
            return {name: "trainee" if folded[name] == trainee else "customer" for name in names}
        if names and customers == different:
            return dict.fromkeys(names, "customer")
        raise WhoIsTheTraineeError(names, where)
