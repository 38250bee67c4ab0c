"""What `scripts/test-console` is made of."""
