"""Stories that Hypothesis makes up: whatever befalls the real pipeline, the promises of design section 5 are kept."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.model_based.answers import Answer, Kind
from tests.model_based.audit import audit, audit_end
from tests.model_based.setting import SETTINGS, Setting
from tests.model_based.troubles import OPERATIONS, Failed, Fault, Forbidden, Lost, Refused, Slow
from tests.model_based.world import World
from worker.model.message import Outgoing, text_attribute
from worker.model.wire import CONTINUATION, KEY

pytestmark = pytest.mark.no_cover  # what is covered here is covered elsewhere; measuring it takes minutes

EXAMPLES = int(
    os.environ.get("SLUICE_EXAMPLES", "0")
)  # 0: the same few each time; a night can do thousands of new ones

PAYLOADS = {
    "plain": {},
    "to a": {"to": "a"},
    "to b": {"to": "b"},
    "follow": {"follow": True},
    "rows": {"rows": ["1", "2", "3"]},
    "bad prepare": {"prepare": "bad"},
    "raising prepare": {"prepare": "raises"},
}
LIKELY = ["plain", "plain", "to a", "to a", "to b", "follow", "follow", "rows", "rows", *PAYLOADS]
UNREADABLE = {"not json": "{", "no object": '"text"', "foreign": "{}"}
KINDS = st.lists(st.sampled_from(LIKELY), min_size=1, max_size=6)
PAUSES = st.sampled_from([0.0, 0.0, 0.05, 0.3, 0.5, 2.0, 10.0])  # seconds that go by after what befell
WAITS = st.sampled_from([0.01, 0.2, 0.5, 1.0, 3.0, 10.0, 31.0, 61.0, 300.0, 3600.0])
ANSWERS = st.builds(
    Answer,
    st.sampled_from(Kind),
    latency=st.sampled_from([0.0, 0.1, 0.1, 0.5, 2.0, 2.0, 8.0, 20.0, 70.0, 400.0, 50_000.0]),
    after=st.sampled_from([None, 1.0, 30.0, 90.0]),
    done=st.booleans(),
    stall=st.sampled_from([0.0] * 10 + [3.0, 40.0]),
)
FAULTS = st.one_of(
    st.sampled_from([Failed(), Refused(), Lost(), Forbidden()]),
    st.builds(Slow, before=st.sampled_from([0.3, 4.0, 20.0]), after=st.sampled_from([0.0, 2.0, 20.0])),
)
TIMES = st.sampled_from([1, 1, 1, 2, 5, 20])
NUMBERS = st.integers(0, 5)


class Stories(RuleBasedStateMachine):
    """Each rule is something that may befall a worker; after each, everything that was seen is judged."""

    world: World

    @initialize(setting=SETTINGS, kinds=KINDS, answers=st.lists(ANSWERS, max_size=12))
    def begin(self, setting: Setting, kinds: list[str], answers: list[Answer]) -> None:
        """A worker starts, and there is something to do."""
        self.world = World(setting)
        for answer in answers:
            self.world.answers.plan(answer)
        self.publish(kinds, 0.0)
        self.world.start()

    @rule(kinds=KINDS, pause=PAUSES)
    def publish(self, kinds: list[str], pause: float) -> None:
        """Callers publish, each under a key of its own."""
        for kind in kinds:
            key = f"k{len(self.world.published) + 1}"
            self.world.put(Outgoing(json.dumps(PAYLOADS[kind]), {KEY: text_attribute(key)}))
            if kind == "follow":
                self.world.followed.add(key)
        self.world.go(pause)

    @rule(kind=st.sampled_from(sorted(UNREADABLE)), pause=PAUSES)
    def publish_what_nobody_can_read(self, kind: str, pause: float) -> None:
        """A caller publishes what is not for us, without a key."""
        attributes = {CONTINUATION: text_attribute("nonsense")} if kind == "foreign" else {}
        self.world.unreadable.add(self.world.put(Outgoing(UNREADABLE[kind], attributes)))
        self.world.go(pause)

    @rule(number=NUMBERS, pause=PAUSES)
    def publish_again(self, number: int, pause: float) -> None:
        """A caller repeats itself, with the same key."""
        stored = [each for each in self.world.queue.stored if KEY in each.outgoing.attributes]
        if stored:
            self.world.put(stored[number % len(stored)].outgoing)
        self.world.go(pause)

    @rule(answer=ANSWERS, times=TIMES, pause=PAUSES)
    def answer(self, answer: Answer, times: int, pause: float) -> None:
        """The vendor will answer so."""
        self.world.answers.plan(answer, times)
        self.world.go(pause)

    @rule(seconds=st.sampled_from([1.0, 40.0]))
    def prepare_slowly(self, seconds: float) -> None:
        """The adapter will compute for so long, and nothing else runs meanwhile."""
        self.world.answers.stalls.append(seconds)

    @rule(operation=st.sampled_from(OPERATIONS), fault=FAULTS, times=TIMES, pause=PAUSES)
    def disturb(self, operation: str, fault: Fault, times: int, pause: float) -> None:
        """Calls to AWS will go wrong."""
        self.world.troubles.plan(operation, fault, times)
        self.world.go(pause)

    @rule(seconds=st.sampled_from([1.0, 20.0, 60.0, 300.0]), pause=PAUSES)
    def be_away(self, seconds: float, pause: float) -> None:
        """AWS does not answer at all."""
        self.world.within(lambda: self.world.troubles.be_away(seconds))
        self.world.go(pause)

    @rule(number=NUMBERS, seconds=st.sampled_from([0.0, 5.0, 60.0]), pause=PAUSES)
    def duplicate(self, number: int, seconds: float, pause: float) -> None:
        """SQS hands out a message once more."""
        self.world.duplicate(number, timedelta(seconds=seconds))
        self.world.go(pause)

    @rule(number=NUMBERS, pause=PAUSES)
    def expire(self, number: int, pause: float) -> None:
        """A message is visible again before its time."""
        self.world.expire(number)
        self.world.go(pause)

    @rule(seconds=st.sampled_from([0.5, 5.0, 29.9, 31.0, 100.0]), pause=PAUSES)
    def stand_still(self, seconds: float, pause: float) -> None:
        """All processes are frozen for a while."""
        self.world.stall(seconds)
        self.world.go(pause)

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.world.go(seconds)

    @rule(turns=st.integers(1, 30))
    def tick(self, turns: int) -> None:
        """The loop turns, in no time: whatever comes next comes between two steps."""
        self.world.tick(turns)

    @rule(number=NUMBERS, pause=PAUSES)
    def stop(self, number: int, pause: float) -> None:
        """A process is asked to stop; asked once more, its grace ends."""
        if running := self.world.running:
            self.world.within(running[number % len(running)].stop)
        self.world.go(pause)

    @rule(number=NUMBERS, pause=PAUSES)
    def kill(self, number: int, pause: float) -> None:
        """A process is killed."""
        if running := self.world.running:
            self.world.within(running[number % len(running)].kill)
        self.world.go(pause)

    @precondition(lambda self: len(self.world.running) < 2)
    @rule(pause=PAUSES)
    def start(self, pause: float) -> None:
        """Another process starts, as after a crash or in a rolling deploy."""
        self.world.start()
        self.world.go(pause)

    @invariant()
    def keeps_its_promises(self) -> None:
        """Nothing that was seen until now breaks one."""
        self._check(self.world.seen(audit))

    def teardown(self) -> None:
        """In the end all is well: what was published has ended, and nothing is left behind."""
        if not hasattr(self, "world"):
            return
        try:
            if sys.exc_info()[0] is None:
                self.world.drain()
                self._check(self.world.seen(audit_end))
        finally:
            self.world.close()

    @staticmethod
    def _check(broken: list[str]) -> None:
        assert not broken, "\n\n".join(broken)


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=EXAMPLES or 80,
    stateful_step_count=30,
    derandomize=not EXAMPLES,
    deadline=None,  # virtual hours take their time
)
