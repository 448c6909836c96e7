"""`python -m tenantry.operator.migration`."""

from tenantry.operator.migration import command

if __name__ == "__main__":
    command.run()
