"""What the demonstration leaves, as a table: where everything is, and how to go on."""

from rich import console

from demo import journey
from tenantry.local.stack import Stack


def show(stack: Stack, result: journey.Result) -> None:
    """Print addresses, credentials and the first commands to try."""
    lines = [
        ("Portal", stack.state.url(), f"{journey.EMAIL}, and the code in the mailbox"),
        ("Mailbox", stack.mailbox_url, ""),
        *[_line(each) for each in result.owned],
    ]
    out = console.Console(highlight=False, soft_wrap=True)
    out.print()
    for what, where, key in lines:
        out.print(f"{what:<26} {where}" + (f"   {key}" if key else ""))
    out.print()
    out.print("Try the command line:")
    data = stack.layout.data
    for command in ("installation list", "installation logs chat -f", "installation hibernate budget"):
        out.print(f"  TENANTRY_DATA={data} .venv/bin/tenantry {command}")
    out.print()


def _line(owned: journey.Owned) -> tuple[str, str, str]:
    took = "" if owned.took is None else f" (ready in {owned.took:.1f} s)"
    return (
        f"{journey.WORKSPACES[owned.product]}{took}",
        owned.url,
        f"{owned.sign_in.username} / {owned.sign_in.password}",
    )
