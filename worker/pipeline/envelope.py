"""Takes the payload out of what others put around it: SNS, EventBridge, CloudEvents, S3 events."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from worker.model.errors import BadMessageError
from worker.model.message import Attribute, Attributes

DEPTH = 4  # envelopes within envelopes that are opened; SNS around EventBridge around a claim check are three


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside: a decoded JSON value, or a text that is JSON still to be read; and SNS's attributes."""

    content: object
    is_text: bool = False
    attributes: Attributes | None = None


def open_envelope(value: object) -> Opened | None:
    """Open one envelope; None: there is none. Raises BadMessageError for one that is broken."""
    match value:
        case {"Type": "Notification", "TopicArn": str(), "Message": str(message), **rest}:
            return Opened(message, is_text=True, attributes=_sns_attributes(rest.get("MessageAttributes")))
        case {"detail-type": str(), "source": str(), "id": str(), "detail": detail}:
            return Opened(detail)
        case {"specversion": str(), "id": str(), "source": str(), "type": str(), **rest}:
            return _cloud_event({str(name): part for name, part in rest.items()})
        case {"Records": [{"eventSource": "aws:s3", "s3": dict()}, *more] as records}:
            if more:
                raise BadMessageError("an S3 event with more than one record", code="envelope")
            return Opened(_s3_record(records[0]))
        case _:
            return None


def _sns_attributes(value: object) -> Attributes:
    if not isinstance(value, Mapping):
        return {}
    return {
        str(name): Attribute(str(entry["Type"]), _value(entry))
        for name, entry in value.items()
        if isinstance(entry, Mapping) and "Type" in entry and "Value" in entry
    }


def _value(entry: Mapping[str, object]) -> str | bytes:
    text = str(entry["Value"])
    return _unbase64(text) if str(entry["Type"]).startswith("Binary") else text


def _cloud_event(rest: Mapping[str, object]) -> Opened:
    if isinstance(encoded := rest.get("data_base64"), str):
        try:
            return Opened(_unbase64(encoded).decode(), is_text=True)
        except UnicodeDecodeError:
            raise BadMessageError("CloudEvents data_base64 is not UTF-8", code="envelope") from None  # it has the input
    return Opened(rest.get("data"))


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMessageError("an envelope's value is not base64", code="envelope") from error


def _s3_record(record: Mapping[str, object]) -> Mapping[str, object]:
    """The facts of one S3 record; its key is URL-encoded (docs.aws.amazon.com, S3 event message structure)."""
    match record:
        case {"eventName": str(name), "s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key), **rest}}}:
            facts = {"event": name, "bucket": bucket, "key": unquote_plus(key)}
            return facts | {ours: rest[theirs] for ours, theirs in _S3_FACTS.items() if theirs in rest}
        case _:
            raise BadMessageError("an S3 event without bucket and key", code="envelope")


_S3_FACTS = {"size": "size", "etag": "eTag", "version": "versionId", "sequencer": "sequencer"}
