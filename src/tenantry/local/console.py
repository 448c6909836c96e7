"""What `tenantry up`, `down` and `status` say; the commands themselves are declared in `cli/stack.py`."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

import yaml
from rich import console as consoles
from rich import table as tables

from tenantry.local import down as downs
from tenantry.local import layout
from tenantry.local import status as statuses
from tenantry.local import up as ups
from tenantry.local.stack import Stack

_MEBIBYTE = 1024 * 1024


class Lines:
    """Says each step as a line on standard error, so that standard output stays for answers."""

    def step(self, part_name: str, message: str) -> None:
        """Say something about a part."""
        _say(f"  {part_name:<12} {message}")

    def ready(self, part_name: str, took: timedelta, address: str) -> None:
        """Say that a part serves."""
        shown = address.partition("?")[0]
        _say(f"  {part_name:<12} ready after {took.total_seconds():.1f} s  {shown}")


def up(data: Path | None, listen: str | None, *, is_detached: bool) -> int:
    """Bring a stack up and stay; returns the exit status."""
    folder = data or layout.default_data()
    options = ups.Options(data=folder, listen=listen, is_detached=is_detached)

    def on_ready(stack: Stack) -> None:
        _answer(addresses(stack, is_detached=is_detached))

    match asyncio.run(ups.up(options, Lines(), on_ready)):
        case ups.Ending.RUNNING_ALREADY:
            _answer(f"This stack is up already. See: tenantry status --data {folder}")
        case ups.Ending.STOPPED:
            _answer("Everything has ended; the data stay.")
        case ups.Ending.DETACHED:
            pass
    return 0


def down(data: Path | None) -> int:
    """Take a stack down; returns the exit status."""
    did_run = asyncio.run(downs.down(data or layout.default_data(), Lines()))
    _answer("Everything has ended; the data stay." if did_run else "Nothing was running.")
    return 0


def status(data: Path | None, output: str) -> int:
    """Show a stack as a table, `json` or `yaml`; returns the exit status: 1 when not everything serves."""
    found = asyncio.run(statuses.status(data or layout.default_data()))
    match output:
        case "json":
            _answer(json.dumps(_plain(found), indent=2))
        case "yaml":
            _answer(yaml.safe_dump(_plain(found), sort_keys=False, allow_unicode=True).rstrip())
        case _:
            _table(found)
    return 0 if found.is_up else 1


def addresses(stack: Stack, *, is_detached: bool) -> str:
    """Return what a person wants to know about a stack that is up."""
    option = "" if stack.layout.data == layout.default_data() else f" --data {stack.layout.data}"
    lines = [
        "",
        f"Portal     {stack.state.url()}",
        f"Mailbox    {stack.mailbox_url}",
        f"API        {stack.state.url('api')}/v1",
        f"Command    TENANTRY_DATA={stack.layout.data} tenantry installation list",
        "",
        f"End it with: tenantry down{option}" if is_detached else "End it with Ctrl-C; the data stay.",
    ]
    return "\n".join(lines)


def _plain(found: statuses.StackStatus) -> dict[str, object]:
    programs = [
        {
            "name": row.name,
            "state": row.state,
            "pid": row.pid,
            "memoryBytes": row.memory_bytes,
            "address": row.address,
            "isPart": row.is_part,
        }
        for row in found.rows
    ]
    packages = {
        "folder": str(found.stack.cache),
        "count": len(found.packages),
        "bytes": sum(each.size_bytes for each in found.packages),
    }
    return {
        "id": found.stack.state.id,
        "isUp": found.is_up,
        "data": str(found.stack.layout.data),
        "programs": programs,
        "packages": packages,
    }


def _table(found: statuses.StackStatus) -> None:
    table = tables.Table(box=None, pad_edge=False)
    for title in ("NAME", "STATE", "PID", "MEMORY", "ADDRESS"):
        table.add_column(title, overflow="fold", justify="right" if title in {"PID", "MEMORY"} else "left")
    for row in found.rows:
        memory = f"{row.memory_bytes / _MEBIBYTE:.0f} MiB" if row.memory_bytes else "-"
        table.add_row(row.name, row.state, str(row.pid or "-"), memory, row.address or "-")
    width = None if sys.stdout.isatty() else 10_000
    consoles.Console(file=sys.stdout, highlight=False, width=width).print(table)
    taken = sum(each.size_bytes for each in found.packages) / _MEBIBYTE
    _answer(f"\nPackages: {len(found.packages)} in {found.stack.cache}, {taken:.0f} MiB")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _answer(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
