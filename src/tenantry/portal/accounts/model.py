"""What accounts consist of, and the rules of codes and sessions as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import email_validator

from tenantry.kernel import errors, ids


class EmailInvalidError(errors.CustomerMustActError):
    """Enter an e-mail address like name@example.com."""

    code = "email-invalid"
    status = 422


class CodeWrongError(errors.CustomerMustActError):
    """This code is not right. Look at the newest mail and try again."""

    code = "code-wrong"
    status = 422


class CodeEndedError(errors.CustomerMustActError):
    """This code can no longer be used. Ask for a new one."""

    code = "code-ended"
    status = 422


class TooManyCodesError(errors.CustomerMustActError):
    """Too many codes were asked for. Wait a quarter of an hour, then try again."""

    code = "too-many-codes"
    status = 429


class TooManyGuessesError(errors.CustomerMustActError):
    """Too many wrong codes were entered. Wait a few hours, then ask for a new one; or write to us."""

    code = "too-many-guesses"
    status = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often, and how long.

    One code bears a few guesses; what bounds a patient attacker with many networks is the number of wrong guesses about
    one address: 15 in six hours are a chance of 2 % in a year, and the owner gets a mail for every five of them.
    """

    code_lifetime: timedelta = timedelta(minutes=10)
    code_attempts: int = 5
    window: timedelta = timedelta(minutes=15)
    codes_per_address: int = 5
    codes_per_client: int = 60
    guess_window: timedelta = timedelta(hours=6)
    guesses_per_address: int = 15
    """Wrong ones, within the guess window, over all codes of an address."""
    guesses_per_client: int = 50
    """The same over all addresses, for the codes that one client has asked for: an office may sit behind one."""
    session_idle: timedelta = timedelta(days=7)
    session_absolute: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer who has proved to read mail at an address."""

    id: ids.AccountId
    email: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode:
    """A one-time code that was sent; it opens a session only in the browser that asked for it."""

    id: str
    email: str
    client: str
    """The network address of whoever asked for it."""
    code_hash: str
    attempts: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None

    def is_open(self, now: datetime, limits: Limits) -> bool:
        """Tell whether a code may still be entered."""
        return self.used_at is None and now < self.expires_at and self.attempts < limits.code_attempts


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in."""

    id: str
    account: Account
    client: str
    browser: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    def is_open(self, now: datetime, limits: Limits) -> bool:
        """Tell whether it still counts: neither idle nor old for too long."""
        return now < self.expires_at and now < self.seen_at + limits.session_idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Where a request came from."""

    address: str
    browser: str


def normalise_email(text: str) -> str:
    """Return the one way in which an address is kept.

    Raises:
        EmailInvalidError: it is no address that mail could be sent to.
    """
    try:
        checked = email_validator.validate_email(
            text.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except email_validator.EmailNotValidError as error:
        raise EmailInvalidError(field="email") from error
    return checked.normalized.lower()
