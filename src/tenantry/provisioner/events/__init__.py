"""Events and the audit trail: what happened, in the order in which it was committed."""
