"""What customers asked for: kept at once, carried out by a supervisor as soon as the provisioner takes it."""
