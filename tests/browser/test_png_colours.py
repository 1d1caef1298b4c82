"""The references of the PNG cases are what Chromium shows."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from tests.browser.conftest import Windows
from tests.cases import Case, png_clear, png_colours
from tests.cases.compare import distance

# Chromium rounds at each step of its own way.
MEAN, MOST = 1.0, 4.0


@pytest.mark.parametrize("case", [*png_colours.cases(), *png_clear.cases()], ids=lambda case: case.name)
def test_chromium_shows_the_same_colours(case: Case, windows: Windows) -> None:
    page = windows.page(viewport={"width": 2500, "height": 1600})
    page.set_content("<body style='margin:0;background:#fff'><img style='display:block'></body>")
    address = "data:image/png;base64," + base64.b64encode(case.data()).decode()
    page.evaluate("async address => { const i = document.images[0]; i.src = address; await i.decode() }", address)
    assert case.reference
    reference = case.reference().convert("RGBA")
    box = {"x": 0, "y": 0, "width": reference.width, "height": reference.height}
    shown = Image.open(io.BytesIO(page.screenshot(clip=box)))  # type: ignore[arg-type]
    on_white = Image.alpha_composite(Image.new("RGBA", reference.size, "white"), reference)
    found = distance(shown, on_white)
    assert found.mean <= MEAN, found
    assert found.most <= MOST, found
