"""`tenantry up` in the foreground with the embedded parts only; says `serving` each time all of them do."""

import asyncio
import sys
from pathlib import Path

from tenantry.local import console, part, up

if __name__ == "__main__":
    options = up.Options(data=Path(sys.argv[1]), listen=sys.argv[2], parts=part.EMBEDDED)
    ending = asyncio.run(up.up(options, console.Lines(), lambda _: print("serving", flush=True)))  # noqa: T201 - its parent waits for it
    print(ending.value, flush=True)  # noqa: T201 - its parent waits for it - the test reads it
