"""Fingers on a touch screen."""

from __future__ import annotations

from playwright.sync_api import Page


def swipe(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Move one finger across the screen."""
    fingers(page, [start], [end])


def fingers(page: Page, start: list[tuple[int, int]], end: list[tuple[int, int]]) -> None:
    """Touch the screen at the `start` points, drag each finger to its `end`, and lift them all."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, part: float) -> None:
        points = [
            {"x": a + (c - a) * part, "y": b + (d - b) * part, "id": n}
            for n, ((a, b), (c, d)) in enumerate(zip(start, end, strict=True))
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if kind != "touchEnd" else []})

    touch("touchStart", 0)
    for step in range(1, 9):
        touch("touchMove", step / 8)
        page.wait_for_timeout(16)
    touch("touchEnd", 1)
