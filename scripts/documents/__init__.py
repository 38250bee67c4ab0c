"""What the five documents promise their clients, for scripts/test-clients: the orders they show, and the messages they describe."""
