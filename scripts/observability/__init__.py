"""The checks of scripts/test-observability."""
