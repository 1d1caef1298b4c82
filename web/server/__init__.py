"""Everything that depends on gunicorn's internals."""
