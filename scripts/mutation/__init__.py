"""What `scripts/mutations` is made of."""
