"""`python -m tenantry.local.agent`: the agent of this machine, told by its environment what to use."""

import asyncio
import os
import sys

import structlog

from tenantry.kernel import errors
from tenantry.local.agent import server, settings


def main() -> None:
    """Run the agent until it is asked to end."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(os.environ.get("TENANTRY_LOG_LEVEL", "info")),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    try:
        asyncio.run(server.serve(settings.read(os.environ)))
    except* errors.TenantryError as group:
        for error in group.exceptions:
            sys.stderr.write(f"agent: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
