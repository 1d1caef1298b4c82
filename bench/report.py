"""Results as JSON in `bench/results/`, tables between markers in `docs/benchmarks.md`, plots as SVG."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.common import Spread, machine
from tests.product import ROOT

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
PLOTS = ROOT / "docs" / "benchmarks"
_INK, _COLOURS = "#6e7781", ("#2f6fde", "#e07b39", "#3a9d5d", "#8a5cd1", "#c2415d", "#7a8794")


def save(bench: str, figures: Mapping[str, Any]) -> None:
    """Write the figures of one bench, with machine, versions and time, to `bench/results/<bench>.json`."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"bench": bench, "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "machine": machine(), **figures}
    text = json.dumps(whole, indent=1, ensure_ascii=False, default=_plain)
    (RESULTS / f"{bench}.json").write_text(text + "\n")


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(value).items()}
    raise TypeError(type(value))


def table(marker: str, head: Sequence[str], rows: Iterable[Sequence[object]], note: str = "") -> None:
    """Put a table between `<!-- marker -->` and `<!-- /marker -->` of the page, and print it.

    The line below it tells machine, versions and day. Raises `ValueError` where the page has no such markers.
    """
    lines = [_row(head), _row(["---"] + ["---:"] * (len(head) - 1)), *map(_row, rows)]
    here = machine()
    versions = ", ".join(f"{name} {version}" for name, version in here["versions"].items())
    facts = f"{here['cores']} cores of {here['cpu']}, {here['volume']}, Linux {here['kernel']}; {versions}"
    below = " ".join(filter(None, [note, f"Measured {datetime.now(UTC):%Y-%m-%d} on {facts}."]))
    block = "\n".join(lines) + f"\n\n<sub>{below}</sub>"
    print(block, flush=True)
    text = PAGE.read_text()
    start, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE} has no part between {start.strip()} and {end}")
    PAGE.write_text(f"{before}{start}{block}\n{end}{after}")


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def bars(name: str, title: str, unit: str, groups: Mapping[str, Mapping[str, Spread]]) -> None:
    """A plot of horizontal bars with their spread: one panel for each group, `{label: figure}` in each."""
    pyplot = _pyplot()
    most = max(map(len, groups.values()))
    figure, axes = pyplot.subplots(1, len(groups), figsize=(4.9 * len(groups), 0.9 + 0.42 * most), squeeze=False)
    for axis, (group, figures) in zip(axes[0], groups.items(), strict=True):
        labels, values = list(figures), list(figures.values())
        middle = [v.median for v in values]
        errors = [[v.median - v.low for v in values], [v.high - v.median for v in values]]
        colours = [_COLOURS[0] if place == 0 else "#9fb3c8" for place in range(len(values))]
        drawn = axis.barh(labels, middle, xerr=errors, color=colours, error_kw={"ecolor": _INK, "elinewidth": 1})
        axis.bar_label(drawn, [f" {v:.3g}" for v in middle], color=_INK, fontsize=9, padding=3)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        _dress(axis, group, unit, "")
    figure.suptitle(title, color=_INK, fontsize=11)
    _write(figure, name)


def lines(
    name: str, title: str, across: str, unit: str, series: Mapping[str, Mapping[float, float]], *, log: bool = False
) -> None:
    """A plot of lines: `{label: {x: y}}`; both axes logarithmic where `log`."""
    pyplot = _pyplot()
    figure, axis = pyplot.subplots(figsize=(7.2, 3.8))
    for place, (label, points) in enumerate(series.items()):
        style = "--" if label.startswith("ideal") else "-"
        colour = _COLOURS[place % len(_COLOURS)]
        axis.plot(list(points), list(points.values()), style, marker="o", ms=3.5, color=colour, label=label)
    if log:
        axis.set_xscale("log")
        axis.set_yscale("log")
        ticks = sorted({x for points in series.values() for x in points})
        axis.set_xticks(ticks, [f"{x:g}" for x in ticks])
        axis.minorticks_off()
    _dress(axis, title, across, unit)
    axis.legend(frameon=False, labelcolor=_INK, fontsize=9)
    _write(figure, name)


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "gallery", "font.family": "sans-serif"})
    from matplotlib import pyplot

    return pyplot


def _dress(axis: Any, title: str, across: str, up: str) -> None:
    """Colours that can be read on a white and on a dark page."""
    axis.set_title(title, color=_INK, fontsize=10)
    axis.set_xlabel(across, color=_INK, fontsize=9)
    axis.set_ylabel(up, color=_INK, fontsize=9)
    axis.tick_params(colors=_INK, labelsize=9)
    for side, spine in axis.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_INK)


def _write(figure: Any, name: str) -> None:
    PLOTS.mkdir(parents=True, exist_ok=True)
    path: Path = PLOTS / f"{name}.svg"
    figure.tight_layout()
    figure.savefig(path, transparent=True, metadata={"Date": None})
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")
