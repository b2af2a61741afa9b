"""Whether a task may rely on what it knows of the state table."""

from __future__ import annotations

import math

from worker.model.pacing import IN_TOUCH, PATIENCE, PROOF, Pacing

_EACH = IN_TOUCH - PATIENCE  # seconds between two calls, at most: the next one comes in time
_ANSWER = 0.1  # seconds within which a call is answered as a rule


class Contact:
    """When this process has last heard from the table, whatever it asked; all limits share it. Monotonic seconds."""

    __slots__ = ("asked_at", "heard_at", "since")

    def __init__(self) -> None:
        self.asked_at = -math.inf  # when the last call began, whatever comes of it
        self.heard_at = -math.inf  # when the last call that went well began
        self.since = math.inf  # since when it has been in touch without a break

    def heard(self, began: float, now: float) -> bool:
        """A call that began then went well; returns whether it was out of touch before."""
        anew = now - self.heard_at > IN_TOUCH
        if anew:
            self.since = now
        self.heard_at = max(self.heard_at, began)
        return anew


class Touch:
    """One limit's contact: whether it may reserve, and whether the table is away; `Pacing` says why so."""

    def __init__(self, contact: Contact, pacing: Pacing) -> None:
        self._contact = contact
        self._pacing = pacing
        self._since = -math.inf  # this limit's own, where it has failed alone
        self._excused = math.nan  # the `since` after which it need not rest
        self._broken_at = -math.inf
        self._good_at = -math.inf  # when the table was last heard from before the failures
        self._failed_at = -math.inf  # when the last call that failed began
        self._failing_reserve = False
        self.failing_since: float | None = None

    def asks(self, began: float) -> None:
        """A call begins."""
        self._contact.asked_at = began

    def heard(self, began: float, now: float, *, reserving: bool) -> None:
        """A call went well. Where reserving fails and reading does not, only a reservation shows that it is over."""
        anew = self._contact.heard(began, now)
        if self.failing_since is not None and (anew or reserving or not self._failing_reserve):
            self.failing_since = None
            if not anew and now - self._good_at > IN_TOUCH:
                self._since = now

    def failed(self, began: float, *, reserving: bool) -> None:
        """A call failed."""
        if self.failing_since is None:
            self.failing_since, self._good_at = began, self._contact.heard_at
        self._failed_at, self._failing_reserve = began, reserving

    def broken(self, now: float) -> None:
        """What is known is worth nothing any more: a clock has jumped."""
        self._broken_at = now

    def excuse(self) -> None:
        """Others reserve, so they have waited until nobody sends by a safe share: it need not."""
        self._excused = self._in_touch_since

    def is_live(self, now: float) -> bool:
        """Whether it is in touch."""
        return now - self._contact.heard_at <= IN_TOUCH

    def may_reserve(self, now: float) -> bool:
        """Whether it is in touch and has waited until nobody sends by a safe share."""
        return self.is_live(now) and self.rests_for(now) <= 0

    def rests_for(self, now: float) -> float:
        """Seconds until it may reserve, if it stays in touch; infinity: it is not."""
        since = self._broken_at if self._in_touch_since == self._excused else self._in_touch_since
        return max(since, self._broken_at) + self._pacing.rest - now

    def proves_away(self, now: float) -> bool:
        """Whether the table has been away for so long that a safe share may be sent, and is so still."""
        return self.away_in(now) <= 0 and now - self._failed_at <= PROOF

    def away_in(self, now: float) -> float:
        """Seconds until it has been away for so long; infinity: it is not."""
        return math.inf if self.failing_since is None else self.failing_since + self._pacing.given_up - now

    def call_in(self, now: float) -> float:
        """Seconds until the table is to be heard from again, so that it stays in touch."""
        due = self._contact.heard_at + _EACH
        if self._contact.asked_at > self._contact.heard_at:  # another limit asks: its answer is good for all
            due = max(due, self._contact.asked_at + _ANSWER)
        return due - now

    @property
    def _in_touch_since(self) -> float:
        return max(self._contact.since, self._since)
