"""A small client of the engine, for the demo and the compose test; nothing but the standard library."""
