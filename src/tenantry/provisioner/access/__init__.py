"""Who may call: tokens, scopes, and the answers to repeated requests."""
