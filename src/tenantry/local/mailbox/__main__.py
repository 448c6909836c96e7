"""`python -m tenantry.local.mailbox`."""

import asyncio

from tenantry.local.mailbox import server

if __name__ == "__main__":
    asyncio.run(server.serve(server.settings()))
