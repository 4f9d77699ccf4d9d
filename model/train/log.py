# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""The log of a run as a table and as a figure."""

import csv

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

FIELDS = ("minutes", "step", "rate", "loss")


def draw_curve(folder):
    """The log as a figure."""
    with open(folder / "log.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
    minutes = [float(r["minutes"]) for r in rows]
    left.plot(minutes, [float(r["loss"]) for r in rows])
    left.set(xlabel="training time (min)", ylabel="training loss", yscale="log")
    for name in list(rows[0])[len(FIELDS) :]:
        points = [(m, float(r[name])) for m, r in zip(minutes, rows, strict=True) if r[name]]
        if points:
            right.plot(*zip(*points, strict=True), marker=".", label=name)
    right.set(xlabel="training time (min)", ylabel="SDR on validation excerpts (dB)")
    if right.lines:
        figure.legend(loc="outside right center", fontsize="x-small")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.savefig(folder / "curve.png", dpi=80)
    pyplot.close(figure)


def write_row(run, measured, loss, scores):
    """Append a line to the log, whose last columns are `measured`, and redraw the curve."""
    path = run.folder / "log.tsv"
    fresh = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, [*FIELDS, *measured], delimiter="\t")
        if fresh:
            writer.writeheader()
        writer.writerow({
            "minutes": f"{run.seconds / 60:.2f}", "step": run.step, "rate": f"{run.rate():.2e}",
            "loss": f"{loss:.4f}", **{k: f"{v:.2f}" for k, v in scores.items() if v == v},
        })  # fmt: skip
    draw_curve(run.folder)
