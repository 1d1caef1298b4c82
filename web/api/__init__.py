"""The HTTP API: JSON, events, metrics."""
