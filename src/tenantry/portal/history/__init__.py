"""What happened to a workspace: operations with a beginning, an end and an outcome, and how long steps usually take."""
