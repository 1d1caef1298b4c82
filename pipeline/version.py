"""The version of the product: here alone. Packages, images, the command line and the API read it."""

from __future__ import annotations

VERSION = "0.2.0"
