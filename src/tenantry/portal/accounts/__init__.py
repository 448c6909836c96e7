"""Who the customers are: accounts, one-time codes by mail, and sessions."""
