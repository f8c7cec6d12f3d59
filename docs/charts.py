"""``python -m docs.charts``: draws the charts of the explanation pages from the tables in ``docs/explanation/data``."""

import sys
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot as plt  # the backend is chosen first

DATA: Final = Path(__file__).parent / "explanation" / "data"
IMAGES: Final = Path(__file__).parent / "images"
WORLDS: Final = {
    "iid": "nothing but chance",
    "shock": "one shared outage",
    "over": "noisy arms",
    "over_ar": "noisy arms, with a memory",
}
_COLOURS: Final = ("#9aa5b1", "#3b7ea1", "#e0a458", "#c8553d")


def read_table(path: Path, heading: str) -> dict[str, list[str]]:
    """Return the rows of the first table under a heading, by their first cell."""
    lines = iter(path.read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith("#") and heading in line:
            break
    rows: dict[str, list[str]] = {}
    for line in lines:
        if line.startswith("#"):
            break
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        if line.startswith("|") and set(line) - set("|-: "):
            rows[cells[0]] = cells[1:]
    return rows


def draw_false_rollbacks() -> Path:
    """Draw how often each judge rolls a healthy candidate back."""
    rows = read_table(DATA / "rivalry.md", "Healthy candidates rolled back")
    worlds = rows.pop("")
    names = list(rows)[::-1]
    figure, axes = plt.subplots(figsize=(9, 6.5), layout="constrained")
    places = np.arange(len(names))
    for number, world in enumerate(worlds):
        values = [float(rows[name][number]) for name in names]
        axes.barh(places + 0.3 - 0.2 * number, values, height=0.2, label=WORLDS[world], color=_COLOURS[number])
    axes.axvline(5, color="black", linewidth=0.8, linestyle="--")
    axes.set_yticks(places, names)
    axes.set_xlabel("healthy candidates rolled back, % (worst of six plans, simulated)")
    figure.legend(loc="outside upper center", ncols=len(worlds), frameon=False)
    axes.set_xlim(0, 100)
    path = IMAGES / "false-rollbacks.svg"
    figure.savefig(path, metadata={"Date": None})
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{draw_false_rollbacks()}\n")
