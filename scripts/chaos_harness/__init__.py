"""What `scripts/chaos` is made of: a private stack, load, faults by a seed, and an audit from independent records."""
