# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Results of experiment.py as tables: what each choice is worth, seed by seed."""

import csv
import json

import numpy as np

import evaluate

TIMINGS = {
    "Studio": evaluate.Placement(48, 40, 16),
    "Balanced": evaluate.Placement(8, 16, 0),
    "Live": evaluate.Placement(2, 3, 0),
}


def seeds_of(plan, question):
    """The seeds of a question's trials."""
    return question.get("seeds", plan["seeds"])


def mean_of(trials, timing, column, metric):
    """A score in the mean of the trials of a variant, or None."""
    found = [t["sdr"][timing][column][metric] for t in trials if column in t["sdr"][timing]]
    return float(np.mean(found)) if found else None


def against(trials, reference, timing):
    """How much better than `reference` with the same seed: mean and standard error, in dB.

    The difference of a seed is that of the uSDR in the mean of all columns.
    """
    known = {t["seed"]: t["sdr"].get(timing, {}) for t in reference}
    gains = []
    for t in trials:
        mine, other = t["sdr"][timing], known.get(t.get("seed"), {})
        shared = [c for c in mine if c in other]
        if shared:
            gains.append(np.mean([mine[c]["usdr"] - other[c]["usdr"] for c in shared]))
    if trials == reference or not gains:
        return ""
    error = f" ± {np.std(gains, ddof=1) / len(gains) ** 0.5:.2f}" if len(gains) > 1 else ""
    return f"{np.mean(gains):+.2f}{error}"


def size_of(trials):
    """Cells about the cost of a variant."""
    if "loss" not in trials[0]:
        return [""] * 5
    loss, seconds = (np.mean([t[k] for t in trials]) for k in ("loss", "seconds_a_step"))
    products = trials[0].get("multiply_adds")  # where variants differ in them
    return [
        str(len(trials)), f"{loss:.4f}", f"{seconds:.2f}",
        f"{products / 1e6:.0f}" if products else "", f"{trials[0]['parameters'] / 1e6:.2f}",
    ]  # fmt: skip


def table(question, results):
    """Header and rows of a question; the first variant is what others are compared with."""
    shown = [v for v in [*question["variants"], "mix / 4", "ideal ratio mask"] if v in results]
    reference = results[shown[0]]
    columns = list(reference[0]["sdr"]["Studio"])
    rows = [["variant", "timing", *columns, "against the first",
             "seeds", "loss", "s a step", "M multiply-adds", "M parameters"]]  # fmt: skip
    for variant in shown:
        trials = results[variant]
        for timing in TIMINGS if question.get("timings") else ["Studio"]:
            if timing not in trials[0]["sdr"]:
                continue
            cells = []
            for column in columns:
                v4, usdr = (mean_of(trials, timing, column, m) for m in ("sdr_v4", "usdr"))
                cells.append("" if v4 is None else f"{v4:.2f} ({usdr:.2f})")
            gain = against(trials, reference, timing)
            rows.append([variant, timing, *cells, gain, *size_of(trials)])
    return rows


def write_tables(plan, folder):
    """Every question as TSV, and all of them as tables.md."""
    results = {}
    for path in sorted((folder / "results").glob("*.json")):
        about = json.loads(path.read_text())
        results.setdefault(about["variant"], []).append(about)
    options = plan["base"]["data"]
    windows = options.get("rows", 2) * options["mixes"]
    text = ["# Tables", "", f"{plan['steps']} steps of {windows} windows."]
    for question in plan["question"]:
        used = (None, *seeds_of(plan, question))  # anchors have none
        asked = {v: [t for t in trials if t.get("seed") in used] for v, trials in results.items()}
        asked = {v: trials for v, trials in asked.items() if trials}
        if not any(v in asked for v in question["variants"]):
            continue
        rows = table(question, asked)
        with open(folder / f"{question['name']}.tsv", "w", newline="") as file:
            csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
        lines = ["| " + " | ".join(r) + " |" for r in rows]
        text += ["", f"## {question['title']}", "", lines[0], "|---" * len(rows[0]) + "|"]
        text += lines[1:]
    (folder / "tables.md").write_text("\n".join(text) + "\n")
