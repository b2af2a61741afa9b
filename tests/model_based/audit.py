"""The audit of a whole story: what the fakes saw is told to the judge, and what he cannot see is checked here."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from tests.fakes.queue import Stored
from tests.fakes.windows import keeps
from tests.model_based.contents import Contents, of_message
from tests.model_based.log import Visit
from tests.model_based.process import Process
from tests.model_based.setting import MAX_ATTEMPTS
from tests.model_based.world import World
from worker.local.history import Buried, Deleted, Disturbed, Received, Sent, Shown, tell
from worker.local.promises import judge
from worker.model.events import LeaseLost, MessageSettled
from worker.model.message import JobKey, MessageId
from worker.model.wire import BURIAL
from worker.pipeline.dedup import Mode
from worker.ports import LedgerKey

_NOT_STRICT = {"two messages of one key", "SQS handed it out twice"}
_OF_ROUNDS = {"a duplicate without a cause", "sent twice at once under one lease", "sent without a live lease"}
_GIVE_UP = 6 * 3600.0
_HALF_A_DAY = 12 * 3600.0 - 60
_UNREADABLE = {"not_json", "payload", "continuation", "envelope", "nesting"}
_REST = 5.0


def audit(world: World) -> list[str]:
    """A line, or a story, for each promise that is not kept."""
    return [
        *world.log.broken,
        *_judged(world),
        *_burials(world),
        *_followers(world),
        *_limits(world),
        *_ledger(world),
        *_ends(world),
    ]


def audit_end(world: World) -> list[str]:
    """The same, once the queue has been drained."""
    left = [f"still queued: {stored}" for stored in world.queue.stored]
    running = [f"{process.hand.who} still runs" for process in world.running]
    return [*audit(world), *left, *running, *_unpublished(world)]


def _judged(world: World) -> Iterator[str]:
    jobs = judge(world.log.history(world.queue.stored, world.dead.stored))
    rounds = judge(world.log.rounds())
    yield from map(str, jobs.violations)
    for violation in rounds.violations:
        if violation.promise in _OF_ROUNDS and not _outlived(world, violation.key):
            yield str(violation)
    for cause, example in (rounds.examples | jobs.examples).items():
        yield from _unexpected(world, cause, example)


def _outlived(world: World, name: str) -> bool:
    """Whether a round's message was held until SQS ends every lease: what was done in hand is then done again."""
    key = name.partition("@")[0]
    mine = [event for event, contents in world.log.events if contents.key == key]
    received = {event.receipt: event.at for event in mine if isinstance(event, Received)}
    return any(event.at - received[event.receipt] > _HALF_A_DAY for event in mine if isinstance(event, Shown))


def _unexpected(world: World, cause: str, example: str) -> Iterator[str]:
    troubled = world.log.is_troubled or world.handed_out_twice
    if cause == "two messages of one key" and max(world.published.values()) == 1 and not troubled:
        yield f"a duplicate by {cause}, without any trouble"
    if cause == "SQS handed it out twice" and not world.handed_out_twice:
        yield f"a duplicate by {cause}, and it did not"
    strict = world.setting.dedup is Mode.STRICT and not world.log.ledger_troubled(0, math.inf)
    if strict and cause in _NOT_STRICT and not world.log.is_long:
        yield f"a duplicate by {cause}, and the ledger is strict\n{example}"


def _burials(world: World) -> Iterator[str]:
    for at, contents, entry in world.log.burials:
        told = json.loads(entry.attributes[BURIAL].text)
        if not _may_be_buried(world, at, contents, told["code"]):
            yield f"buried without need: {contents} {told}\n{_story(world, contents)}"
    buried = {(contents.key, contents.rows) for _, contents, _ in world.log.burials}
    for stored in world.dead.stored:
        contents = of_message(stored.id, stored.outgoing.body, stored.outgoing.attributes)
        if (contents.key, contents.rows) not in buried and not _may_be_redriven(world, stored):
            yield f"redriven by SQS without need: {contents}\n{_story(world, contents)}"


def _may_be_buried(world: World, at: float, contents: Contents, code: str | None) -> bool:
    log, key = world.log, contents.key
    match code:
        case "max_attempts":
            return log.failures[key] >= MAX_ATTEMPTS
        case "give_up_after":
            return at - log.failed_at.get(key, at) >= _GIVE_UP
        case "ambiguous":
            return world.setting.bury_ambiguous and log.failures[key] > 0
        case "kills":
            return _unheard(world, contents) >= 4
        case _ if code in _UNREADABLE:
            return key in world.unreadable
        case _:
            return code in log.rejections.get(key, ())


def _unheard(world: World, contents: Contents) -> int:
    """Receives of it whose process was killed, stood still, or never heard of it."""
    received = [event for event, about in world.log.events if isinstance(event, Received) and about.key == contents.key]
    return sum(1 for event in received if not event.heard or world.log.had_trouble(event))


def _may_be_redriven(world: World, stored: Stored) -> bool:
    """SQS takes what was received too often; the last three of them must have ended without a word, by our doing."""
    copy = f"{stored.id}/{stored.copy}."
    received = [
        event for event, _ in world.log.events if isinstance(event, Received) and event.receipt.startswith(copy)
    ]
    last = sorted(received, key=lambda event: event.at)[-3:]
    return all(not event.heard or world.log.had_trouble(event) for event in last)


def _followers(world: World) -> Iterator[str]:
    """What is deleted has published what follows from it, unless it goes on or is buried."""
    for event, contents in world.log.events:
        if isinstance(event, Deleted) and contents.key in world.followed:
            times = [at for (key, _), at in world.topic.published.items() if key == contents.key]
            copies = [
                copy.at
                for copy, about in world.log.events
                if isinstance(copy, Sent | Buried) and about.key == contents.key
            ]
            if min([*times, *copies], default=math.inf) > event.at:
                yield f"deleted before what follows was published\n{_story(world, contents)}"


def _unpublished(world: World) -> Iterator[str]:
    buried = {contents.key for _, contents, _ in world.log.burials}
    for visit in world.log.visits:
        key = visit.contents.key
        cursor, followed = visit.contents.cursor, key in world.followed and visit.done and visit.heard
        if followed and key not in buried and (key, cursor) not in world.topic.published:
            yield f"what follows from round {cursor} was never published\n{_story(world, visit.contents)}"


def _limits(world: World) -> Iterator[str]:
    setting = world.setting
    for process in world.processes:
        times = [at for at, _ in process.vendor.times]
        if setting.rate and not keeps(setting.rate, times):
            yield f"{process.hand.who} sent more than {setting.rate}: {times}"
        for scope in {scope for _, scopes in process.vendor.times for scope in scopes} if setting.rate_per_key else ():
            mine = [at for at, scopes in process.vendor.times if scope in scopes]
            if not keeps(setting.rate_per_key, mine):
                yield f"{process.hand.who} sent {scope} more than {setting.rate_per_key}: {mine}"


def _ledger(world: World) -> Iterator[str]:
    """Nothing is sent that the ledger knew when its message was received."""
    if world.setting.dedup is None:
        return
    for visit in world.log.visits:
        leases = world.log.leases_of(visit)
        if world.setting.dedup is Mode.REDELIVERY:
            leases = [] if any(lease.count == 1 for lease in leases) else leases
        if leases and _was_known(world, visit, min(lease.at for lease in leases)):
            yield f"sent though the ledger knew\n{_story(world, visit.contents)}"


def _was_known(world: World, visit: Visit, received: float) -> bool:
    known = world.known.get(LedgerKey(JobKey(visit.contents.key), visit.contents.cursor))
    return known is not None and known <= received and not world.log.ledger_troubled(received - _REST, visit.at)


def _ends(world: World) -> Iterator[str]:
    for process in world.processes:
        if (error := process.error()) is not None and not process.was_overdue:
            yield f"{process.hand.who} ended by {error!r}"
        if process.asked_at is None or not process.hand.alive:
            continue
        latest = process.latest_end(world.log.standstill(process.asked_at))
        if not process.task.done() and world.now > latest:
            yield f"{process.hand.who} was asked to stop at {process.asked_at:.3f} and runs yet at {world.now:.3f}"
        undisturbed = process.hand.troubles.last_met < process.asked_at - 1 and not world.log.standstill(
            process.asked_at
        )
        if process.was_overdue and undisturbed:
            yield f"{process.hand.who} was overdue though nothing disturbed it"
        if process.task.done() and not process.was_overdue:
            yield from _left_behind(world, process)


def _left_behind(world: World, process: Process) -> Iterator[str]:
    """After a stop nothing is in flight but what was postponed, and what was lost to faults."""
    for stored in world.queue.stored:
        is_its = stored.is_in_flight(world.now) and world.log.receivers.get(stored.receipt) == process.hand.who
        if is_its and not _is_accounted_for(world, process, stored.id, stored.receipt):
            contents = of_message(stored.id, stored.outgoing.body, stored.outgoing.attributes)
            yield f"{process.hand.who} left it in flight\n{_story(world, contents)}"


def _is_accounted_for(world: World, process: Process, message: MessageId, receipt: str) -> bool:
    story = [event for event, _ in world.log.events if getattr(event, "receipt", None) == receipt]
    if any(isinstance(event, Disturbed) or (isinstance(event, Received) and not event.heard) for event in story):
        return True
    if any(lost.message_id == message for lost in process.line.events.of(LeaseLost)):
        return True
    if any(world.log.had_trouble(event) for event in story if isinstance(event, Received)):
        return True
    shown = [event.seconds for event in story if isinstance(event, Shown)]
    delays = {
        math.ceil(settled.delay_seconds)
        for settled in process.line.events.of(MessageSettled)
        if settled.message_id == message and settled.disposition == "Postpone"
    }
    return bool(shown) and (shown[-1] in delays or shown[-1] > _HALF_A_DAY)


def _story(world: World, contents: Contents) -> str:
    stories = world.log.history(world.queue.stored, world.dead.stored).stories()
    return "\n".join(tell(stories[item]) for item in contents.items if item in stories)
