"""What `scripts/stack` is made of."""
