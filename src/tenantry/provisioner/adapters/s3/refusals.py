"""What the library for S3 and IAM raises, as our own errors with words for an administrator.

All of them may pass: somebody mends the key, the certificate or the server, and what waits goes on by itself.
"""

import contextlib
from collections.abc import Awaitable, Generator, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions

from tenantry.kernel import errors

_KEY_REFUSED = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId"})
_AWAY = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    TimeoutError,
)
_LONGEST = 300


class StoreAwayError(errors.TemporaryError):
    """The object store does not answer."""

    code = "object-store-away"


class StoreUntrustedError(errors.TemporaryError):
    """The object store's certificate is not trusted."""

    code = "object-store-untrusted"
    hint = "Say who signs it: `tenantry object-store update NAME --ca-file FILE`."


class KeyRefusedError(errors.TemporaryError):
    """The object store refuses the administrator's key."""

    code = "object-store-key-refused"
    hint = "Give it another: `tenantry object-store update NAME --new-key`."


class StoreRefusedError(errors.TemporaryError):
    """The object store refused a request."""

    code = "object-store-refused"


@contextlib.contextmanager
def told(address: str) -> Generator[None]:
    """Raise what goes wrong in here as our own errors.

    Args:
        address: of the store, for the message.
    """
    store = f"The object store at {address}"
    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(store, error) from error
    except exceptions.SSLError as error:
        message = f"The object store at {_asked(error, address)} shows a certificate that is not trusted"
        raise StoreUntrustedError(f"{message}: {_reason(error)}.") from error
    except _AWAY as error:
        raise StoreAwayError(f"The object store at {_asked(error, address)} does not answer.") from error
    except exceptions.BotoCoreError as error:
        raise StoreRefusedError(f"{store} answers in a way that S3 does not ({type(error).__name__}).") from error


async def passing(answer: Awaitable[Mapping[str, Any]], *codes: str) -> Mapping[str, Any] | None:
    """Return an answer; None where it is a refusal with one of these codes."""
    try:
        return await answer
    except exceptions.ClientError as error:
        if _code(error) in codes:
            return None
        raise


def _refused(store: str, error: exceptions.ClientError) -> errors.TemporaryError:
    code = _code(error)
    if code in _KEY_REFUSED:
        return KeyRefusedError(f"{store} refuses the administrator's key ({code}).")
    said: str = _details(error).get("Message") or ""
    what = ": ".join(filter(None, (code, said[:_LONGEST]))) or f"status {_status(error)}"
    return StoreRefusedError(f"{store} refused {error.operation_name}: {what}")


def _code(error: exceptions.ClientError) -> str:
    """Return the code of a refusal; SeaweedFS' IAM has none where a key may not use it."""
    return _details(error).get("Code") or ""


def _details(error: exceptions.ClientError) -> Mapping[str, str]:
    return _response(error).get("Error") or {}


def _status(error: exceptions.ClientError) -> int:
    return _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _response(error: exceptions.ClientError) -> Mapping[str, Any]:
    untyped: Any = error
    return untyped.response


def _asked(error: Exception, address: str) -> str:
    """Return the address that was asked, which is another where users are made elsewhere."""
    untyped: Any = error
    kwargs: Mapping[str, Any] = getattr(untyped, "kwargs", {})
    parts = urlsplit(str(kwargs.get("endpoint_url") or address))
    return f"{parts.scheme}://{parts.netloc}"


def _reason(error: exceptions.SSLError) -> str:
    """Return what OpenSSL says, out of what was wrapped around it."""
    untyped: Any = error
    cause: Any = untyped.kwargs.get("error")
    seen: Any = getattr(cause, "certificate_error", cause)
    return str(getattr(seen, "verify_message", "") or type(seen).__name__)
