"""An enumeration that newer releases may add to."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class OpenEnum(StrEnum):
    """Texts of which some are known: `Kind("other")` is a member that equals its text and none of the known ones."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_, member._value_ = "", value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this release knows the value."""
        return self.name != ""
