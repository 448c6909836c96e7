"""Cursors of lists: opaque outside, a place in the order of creation inside."""

import base64
import binascii
import re
from datetime import datetime, timedelta

from tenantry.kernel import errors
from tenantry.provisioner.installations import model, store

_ROW_ID = re.compile(r"[a-z]{3}-[0-9a-z]{1,26}")


class CursorInvalidError(errors.CustomerMustActError):
    """This cursor did not come from here."""

    code = "cursor-invalid"
    hint = "Begin again without a cursor."


def encode(last: model.Installation) -> str:
    """Return the cursor of the page that follows this installation."""
    return base64.urlsafe_b64encode(f"{last.created_at.isoformat()} {last.id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> store.Place:
    """Return where the page begins.

    Raises:
        CursorInvalidError: it is not one of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, row_id = text.partition(" ")
        place = store.Place(created_at=datetime.fromisoformat(moment), id=row_id)
    except (ValueError, binascii.Error) as error:
        raise CursorInvalidError(field="cursor") from error
    if place.created_at.utcoffset() != timedelta() or not _ROW_ID.fullmatch(row_id):
        raise CursorInvalidError(field="cursor")
    return place
