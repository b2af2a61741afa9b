"""Publishing: the library that applications use, and what the command line stands on."""

from worker.publish.entry import Entry
from worker.publish.faults import InvalidEntryError, UnconfirmedError
from worker.publish.publisher import Publisher
from worker.publish.sender import MessageReceipt, Pace

__all__ = ["Entry", "InvalidEntryError", "MessageReceipt", "Pace", "Publisher", "UnconfirmedError"]
