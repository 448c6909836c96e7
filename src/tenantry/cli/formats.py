"""The ways in which answers are written; apart, so that what lists them loads nothing else."""

from enum import StrEnum


class Format(StrEnum):
    """How answers are written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
