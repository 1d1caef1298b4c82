"""Live changes: one thread follows Redis, one writes to all listeners."""
