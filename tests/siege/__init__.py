"""Attacks on a running web service, and a bystander who uses it meanwhile. `python -m tests.siege` plays them all."""
