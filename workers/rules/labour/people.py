"""A person's contracts and restrictions (R22, L23) in the words of the labour rules."""

from __future__ import annotations

import datetime as dt

from workers.rules.contracts import FLOOR_KINDS, PersonFile, is_raise
from workers.rules.labour.facts import Contract, Derogation, Restriction, Rider


def contracts_of(person: PersonFile) -> tuple[Contract, ...]:
    """Contracts that are worked for the house. Those of outside employers count for nobody's plan here."""
    return tuple(
        Contract(
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            weekly_minutes=one.weekly_minutes,
            is_integration=one.kind == "cddi",
            derogations=tuple(
                Derogation(made.starts_on, made.ends_on)
                for made in person.derogations
                if made.kind in FLOOR_KINDS and (made.kind == "cumul" or made.employer_id == one.employer_id)
            ),
            riders=tuple(
                Rider(rider.starts_on, rider.ends_on, rider.weekly_minutes, is_raise=is_raise(one, rider))
                for rider in one.riders
                if rider.weekly_minutes is not None
            ),
        )
        for one in person.contracts
        if one.is_worked_here
    )


def restrictions_of(person: PersonFile) -> tuple[Restriction, ...]:
    """What somebody may not be given; a time of day is one before or after which they do not work."""
    return tuple(
        Restriction(
            code=one.code,
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            not_before=_time(one.at, one.code, "not_before"),
            not_after=_time(one.at, one.code, "not_after"),
        )
        for one in person.restrictions
    )


def _time(at: dt.time | None, code: str, wanted: str) -> dt.time | None:
    return at if code == wanted else None
