"""What a customer has: workspaces, as the provisioner last told about their installations."""
