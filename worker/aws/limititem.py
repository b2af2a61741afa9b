"""A limit's item in the state table: its attributes, and the conditional changes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from worker.aws.items import Item, ItemKey, Value
from worker.aws.statetable import Change
from worker.model.adaptive import Adaptive
from worker.model.message import VendorName
from worker.model.quota import Counts, Tally
from worker.model.reservation import Ask
from worker.model.schedule import Grant, Schedule, first_of, last_of

# Attributes: next_us, closed_until, probing_until, factor, factor_at (none is a reserved word); and, by tokens, of each
# window above a minute `3600.0/29455443` for what a part has counted, `3600.0/used` for the sum of its parts.
_USED = "used"


def limit_of_vendor(vendor: VendorName) -> ItemKey:
    """Where the limit of an entry without `limit_key` lies."""
    return ItemKey.of("LIMIT", vendor)


def limit_of_key(limit_key: str) -> ItemKey:
    """Where the limit that entries share lies; no vendor's name is empty, so it is nobody else's."""
    return ItemKey.of("LIMIT", "", limit_key)


def schedule_of(item: Item | None) -> Schedule:
    """What an item says; None: there is none."""
    values = item.values if item else {}
    closed = values.get("closed_until")
    return Schedule(
        next=int(values.get("next_us", 0)),
        closed_until=None if closed is None else float(closed),
        probing_until=float(values.get("probing_until", 0)),
        adaptive=Adaptive(float(values.get("factor", 1)), float(values.get("factor_at", 0))),
        counts=_counts(values),
    )


def granting(grant: Grant, ask: Ask, known: Schedule, *, follows: bool, now: float, expires: int) -> Change:
    """Write a grant; it holds wherever the schedule begins in truth between the ask's earliest and latest.

    Where it `follows` no others it holds only if the schedule has run out before the earliest.

    What else the grant depends on must be as it is known: open or closed, the factor, and all counts of a window of
    which parts are removed. Nothing else hinders: tasks that ask at the same time are all served.
    """
    return _joined(
        [
            _Clause(sets=("expires = :expires",), values={":expires": expires}),
            _following(grant, ask) if follows else _beginning(grant, ask),
            _open() if grant.probing_until is None else _probing(grant.probing_until, now),
            _factor_as(known.adaptive),
            *(_tallying(tally, f"{number}") for number, tally in enumerate(grant.tallies)),
        ]
    )


def closing(until: float, *, expires: int) -> Change:
    """Closed until then, unless it is for longer."""
    return Change(
        "SET closed_until = :until, expires = :expires REMOVE probing_until",
        "attribute_not_exists(closed_until) OR closed_until < :until",
        {":until": until, ":expires": expires},
    )


def probing(until: float, now: float) -> Change:
    """A probe is on its way until then, unless it was closed anew or is open already."""
    return Change("SET probing_until = :until", "closed_until <= :now", {":until": until, ":now": now})


def reopening(now: float) -> Change:
    """Open, unless it was closed anew."""
    return Change("REMOVE closed_until, probing_until", "closed_until <= :now", {":now": now})


def slowing(after: Adaptive, known: Schedule, *, expires: int) -> Change:
    """The factor becomes this, unless what it was made from is not as it is known."""
    return _joined(
        [
            _Clause(
                sets=("factor = :factor", "factor_at = :at", "expires = if_not_exists(expires, :expires)"),
                values={":factor": after.factor, ":at": after.at, ":expires": expires},
            ),
            _factor_as(known.adaptive),
            _open() if known.closed_until is None else _closed_until(known.closed_until),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Clause:
    sets: Sequence[str] = ()
    removes: Sequence[str] = ()
    conditions: Sequence[str] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def _following(grant: Grant, ask: Ask) -> _Clause:
    return _Clause(
        sets=("next_us = next_us + :length",),
        conditions=("next_us BETWEEN :earliest AND :latest",),
        values={":length": grant.length, ":earliest": first_of(ask), ":latest": last_of(ask)},
    )


def _beginning(grant: Grant, ask: Ask) -> _Clause:
    return _Clause(
        sets=("next_us = :end",),
        conditions=("(attribute_not_exists(next_us) OR next_us < :earliest)",),
        values={":end": grant.end, ":earliest": first_of(ask)},
    )


def _open() -> _Clause:
    return _Clause(conditions=("attribute_not_exists(closed_until)",))


def _closed_until(instant: float) -> _Clause:
    return _Clause(conditions=("closed_until = :closed",), values={":closed": instant})


def _probing(until: float, now: float) -> _Clause:
    return _Clause(
        sets=("probing_until = :probing",),
        conditions=("closed_until <= :now", "(attribute_not_exists(probing_until) OR probing_until <= :now)"),
        values={":probing": until, ":now": now},
    )


def _factor_as(known: Adaptive) -> _Clause:
    if known == Adaptive():
        return _Clause(conditions=("attribute_not_exists(factor_at)",))
    return _Clause(conditions=("factor_at = :factor_at",), values={":factor_at": known.at})


def _tallying(tally: Tally, number: str) -> _Clause:
    used, part, more, count = f"#u{number}", f"#p{number}", f":more{number}", f":count{number}"
    stale = {f"#s{number}_{index}": _attribute(tally, stale) for index, stale in enumerate(sorted(tally.stale))}
    unbroken = _unmoved(tally, number, next(iter(stale))) if stale else _within(tally, number)
    return _Clause(
        sets=(
            f"{used} = if_not_exists({used}, :zero) + {more}",
            f"{part} = if_not_exists({part}, :zero) + {count}",
        ),
        removes=tuple(stale),
        conditions=unbroken.conditions,
        values={
            more: tally.count - sum(tally.stale.values()),
            count: tally.count,
            ":zero": 0,
            **unbroken.values,
        },
        names={used: _attribute(tally, _USED), part: _attribute(tally, tally.part), **stale},
    )


def _within(tally: Tally, number: str) -> _Clause:
    used, most = f"#u{number}", f":most{number}"
    return _Clause(
        conditions=(f"(attribute_not_exists({used}) OR {used} <= {most})",),
        values={most: tally.most},
    )


def _unmoved(tally: Tally, number: str, oldest: str) -> _Clause:
    """Who adds changes the sum, who removes removes the oldest part: none has, so all parts are as they are known."""
    used, total = f"#u{number}", f":total{number}"
    return _Clause(
        conditions=(f"{used} = {total}", f"attribute_exists({oldest})"),
        values={total: tally.total},
    )


def _attribute(tally: Tally, part: int | str) -> str:
    return f"{tally.seconds!r}/{part}"


def _joined(clauses: Sequence[_Clause]) -> Change:
    removes = [token for clause in clauses for token in clause.removes]
    return Change(
        "SET " + ", ".join(each for clause in clauses for each in clause.sets) + _removing(removes),
        " AND ".join(each for clause in clauses for each in clause.conditions),
        {name: value for clause in clauses for name, value in clause.values.items()},
        {token: name for clause in clauses for token, name in clause.names.items()},
    )


def _removing(tokens: Sequence[str]) -> str:
    return " REMOVE " + ", ".join(tokens) if tokens else ""


def _counts(values: Mapping[str, Value]) -> Mapping[float, Counts]:
    counts: dict[float, dict[int, int]] = {}
    for seconds, part, count in _parts(values):
        counts.setdefault(seconds, {})[part] = count
    return counts


def _parts(values: Mapping[str, Value]) -> Iterator[tuple[float, int, int]]:
    for name, value in values.items():
        seconds, slash, part = name.partition("/")
        if slash and part != _USED:
            yield float(seconds), int(part), int(value)
