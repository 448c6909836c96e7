"""Request and response models of the provisioner's REST API: what travels, and nothing else."""
