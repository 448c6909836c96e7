"""The typed HTTP client of the provisioner's API: what the portal and the CLI know of the provisioner."""
