"""What the written contracts promise, held against a running stack."""
