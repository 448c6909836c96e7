"""What an administrator decides about a portal, read once from the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PREFIX = "TENANTRY_PORTAL_"


class Brand(BaseModel):
    """The vendor's own appearance and addresses."""

    model_config = ConfigDict(frozen=True)

    name: str = "Harbour"
    """What pages and mails are signed with."""
    accent: str = Field(default="#3b5bdb", pattern=r"^#[0-9a-fA-F]{6}$")
    """The one colour of buttons and links, for light pages."""
    accent_dark: str = Field(default="#91a7ff", pattern=r"^#[0-9a-fA-F]{6}$")
    """The same for dark pages."""
    support: str = "support@example.com"
    """Where customers write to."""
    terms_url: str = ""
    """Terms of service; no link where it is empty."""
    privacy_url: str = ""
    """Privacy notice; no link where it is empty."""


class Settings(BaseModel):
    """Where everything is, and the limits."""

    model_config = ConfigDict(frozen=True)

    database_url: str
    """`postgresql+psycopg://…`: the portal's own database."""
    listen: str = "127.0.0.1:8081"
    """Address and port; loopback, a front door stands before it."""
    front_doors: str = "127.0.0.1"
    """Addresses and networks of front doors, separated by commas; whom they forward for is believed."""
    provisioner_url: str
    """Where the provisioner's REST API is."""
    provisioner_token_file: Path
    """File with the token that the portal shows the provisioner."""
    secret_file: Path
    """File with at least 32 random bytes; codes, sessions and forms depend on it."""
    public_url: str = "http://localhost:8080"
    """The address that customers use."""
    smtp_host: str = "127.0.0.1"
    """Outgoing mail."""
    smtp_port: int = 25
    """Outgoing mail."""
    smtp_user: str = ""
    """Who we are to the mail server, where it asks; mails then go encrypted or not at all."""
    smtp_password_file: Path | None = None
    """File with its password; it is read for each mail, so that it may be replaced."""
    mail_sender: str = "Harbour <no-reply@localhost>"
    """The From of mails."""
    codes_per_address: int = 5
    """Sign-in codes for one address within a quarter of an hour."""
    codes_per_client: int = 60
    """Sign-in codes for one client's address within a quarter of an hour."""
    brand: Brand = Brand()
    """The vendor's appearance: `TENANTRY_PORTAL_BRAND_NAME` and so on."""

    @model_validator(mode="after")
    def _has_whole_account(self) -> Self:
        if bool(self.smtp_user) != (self.smtp_password_file is not None):
            raise ValueError("smtp_user and smtp_password_file go together.")
        return self

    def secret(self) -> bytes:
        """Read the portal's secret.

        Raises:
            ValueError: it is too short to protect anything.
        """
        secret = self.secret_file.read_bytes().strip()
        if len(secret) < 32:  # noqa: PLR2004 - 256 bits, as the digests that it keys
            raise ValueError("The secret file must hold at least 32 bytes. Make one with `openssl rand -hex 32`.")
        return secret


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `TENANTRY_PORTAL_*`; what is not set keeps its default."""
    given = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items() if key.startswith(PREFIX)}
    brand = {key.removeprefix("brand_"): value for key, value in given.items() if key.startswith("brand_")}
    rest = {key: value for key, value in given.items() if not key.startswith("brand_")}
    return Settings.model_validate({**rest, "brand": brand})
