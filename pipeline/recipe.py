"""What renditions there are, and the version of the way they are made."""

from __future__ import annotations

RECIPE = 2
"""Raised with every change that makes other pictures of an original; `gallery regenerate` brings the rest along."""

GRID, VIEW = 480, 1600
"""The longest side of each rendition, in pixels."""
