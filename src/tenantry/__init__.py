"""tenantry turns an application that was written for one organisation into a hosted product."""

__version__ = "0.1.0"
