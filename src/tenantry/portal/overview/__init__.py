"""What a customer can look at: workspaces with their orders and history, put together from the rooms that keep them."""
