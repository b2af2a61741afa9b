"""What AWS's clients raise, told as one of our errors: which call, on what, and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from worker.model.errors import RefusedError, SluiceError, UnavailableError

_TRANSPORT = (
    NotConnectedError,  # refused, timed out, proxy, TLS
    HTTPClientError,  # connection closed, read timed out
    IncompleteReadError,
    ResponseStreamingError,
    ResponseParserError,  # not AWS that answered: a proxy's page
    CredentialRetrievalError,  # the container's credentials endpoint did not answer
    MetadataRetrievalError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
_BUSY = frozenset(
    {
        "BandwidthLimitExceeded",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "OverLimit",  # SQS: 120,000 messages in flight
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_SIGN_IN = "check AWS_PROFILE, AWS_ACCESS_KEY_ID or the task's role, and sign in again"
_PERMIT = "allow it in the role's policy (for an encrypted resource also kms:Decrypt and kms:GenerateDataKey)"
_PROVISION = "provision it with `sluice up`, or check AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL"
_CLOCK = "set this machine's clock"
_WAYS_OUT = {
    "AWS.SimpleQueueService.NonExistentQueue": _PROVISION,
    "QueueDoesNotExist": _PROVISION,
    "NoSuchBucket": _PROVISION,
    "NotFound": _PROVISION,
    "NotFoundException": _PROVISION,
    "ResourceNotFoundException": _PROVISION,
    "AccessDenied": _PERMIT,
    "AccessDeniedException": _PERMIT,
    "AuthorizationError": _PERMIT,
    "AuthorizationErrorException": _PERMIT,
    "KMS.AccessDeniedException": _PERMIT,
    "KmsAccessDenied": _PERMIT,
    "UnauthorizedOperation": _PERMIT,
    "AuthFailure": _SIGN_IN,
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "IncompleteSignature": _SIGN_IN,
    "InvalidAccessKeyId": _SIGN_IN,
    "InvalidClientTokenId": _SIGN_IN,
    "InvalidToken": _SIGN_IN,
    "MissingAuthenticationToken": _SIGN_IN,
    "SignatureDoesNotMatch": _SIGN_IN,
    "UnrecognizedClientException": _SIGN_IN,
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
}
_TELLING = ("InvalidParameter", "InvalidAttribute")  # AWS names the parameter and the rule, not its value


@contextmanager
def wrapped(operation: str, resource: str) -> Iterator[None]:
    """Turn what an AWS call raises into UnavailableError (try again) or RefusedError (an operator must act).

    The text has the operation, the resource and AWS's code. AWS's own message is left out where it may quote what
    was sent (a signature's failure shows the session token).
    """
    try:
        yield
    except ClientError as error:
        raise _answered(error, f"{operation} on {resource}") from error
    except _TRANSPORT as error:
        raise UnavailableError(
            f"{operation} on {resource}: AWS cannot be reached ({type(error).__name__}); "
            "check the network, AWS_REGION and AWS_ENDPOINT_URL",
            code=type(error).__name__,
        ) from error
    except _CREDENTIALS as error:
        raise RefusedError(
            f"{operation} on {resource}: no valid AWS credentials; {_SIGN_IN}", code=type(error).__name__
        ) from error
    except BotoCoreError as error:
        raise RefusedError(f"{operation} on {resource}: {type(error).__name__}", code=type(error).__name__) from error


def code_of(error: BaseException | None) -> str:
    """AWS's code of a ClientError; of anything else its class."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def quotable(code: str, message: str | None) -> str | None:
    """AWS's message, where that names a permission or a parameter; others may quote what was sent: None."""
    return (message or "")[:300] if _WAYS_OUT.get(code) is _PERMIT or code.startswith(_TELLING) else None


def is_busy(code: str) -> bool:
    """Whether AWS's code asks for less, or for later."""
    return code in _BUSY


def _answered(error: ClientError, call: str) -> SluiceError:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if is_busy(code) or status == 429 or status >= 500:
        return UnavailableError(f"{call}: AWS answered {code} (HTTP {status}); it is worth trying again", code=code)
    way_out = _WAYS_OUT.get(code, "see the AWS documentation of that code")
    explained = quotable(code, error.response.get("Error", {}).get("Message"))
    said = f" ({explained})" if explained else ""
    return RefusedError(f"{call}: AWS refused with {code}{said}; {way_out}", code=code)
