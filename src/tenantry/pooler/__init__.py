"""What stands beside a pooler: brings PgBouncer the configuration that the provisioner has for it."""
