"""What vendors that count a budget, and no requests, say of when there is some again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

from worker.model.message import NOTHING
from worker.vendors.lib.reply import Reply
from worker.vendors.lib.waits import minutes, seconds


def refilled(requested: object, available: object, per_second: object) -> timedelta | None:
    """How long a bucket needs until so much is in it: (requested − available) ÷ per_second; 0 where it is there.

    None where one of them is no number, or nothing is refilled.
    """
    match requested, available, per_second:
        case (int() | float(), int() | float(), int() | float()) if per_second > 0:
            try:
                missing = (requested - available) / per_second
            except OverflowError:  # JSON has numbers of any size
                return None
            return NOTHING if missing < 0 else seconds(missing)
        case _:
            return None


def cost_wait(reply: Reply) -> timedelta | None:
    """Shopify's: points of the query that are missing in the shop's bucket; None where the reply does not say.

    `extensions.cost` of a GraphQL reply, throttled or not (shopify.dev/docs/api/usage/limits; vendors.md, D and 14).
    """
    match reply.json:
        case {
            "extensions": {
                "cost": {
                    "requestedQueryCost": requested,
                    "throttleStatus": {"currentlyAvailable": available, "restoreRate": per_second},
                }
            }
        }:
            return refilled(requested, available, per_second)
        case _:
            return None


def usage_wait(reply: Reply) -> timedelta | None:
    """Meta's: the longest of the minutes in `X-Business-Use-Case-Usage`; None where it says none, or 0.

    `estimated_time_to_regain_access`, at whatever depth it stands (vendors.md, 1 and 10: the nesting is unconfirmed).
    """
    try:
        usage = json.loads(reply.headers.get("X-Business-Use-Case-Usage", ""))
        return max(filter(None, map(minutes, _regained(usage))), default=None)
    except (ValueError, RecursionError):
        return None


def _regained(usage: object) -> Iterator[object]:
    match usage:
        case dict():
            if "estimated_time_to_regain_access" in usage:
                yield usage["estimated_time_to_regain_access"]
            for value in usage.values():
                yield from _regained(value)
        case list():
            for value in usage:
                yield from _regained(value)
