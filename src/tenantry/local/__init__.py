"""Everything that `tenantry up` runs on one machine, each part as a real process of its own."""
