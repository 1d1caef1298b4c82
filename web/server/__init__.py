"""Everything that meets gunicorn's internals."""
