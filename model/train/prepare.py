# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Turn folders of source material into the data set that train.py reads, and its manifest.

A piece is the folder DATA/SPLIT/PIECE (see pieces.py). Pieces that are there are not made again.
"""

import argparse
import json
import pathlib
import tomllib
import zlib
from concurrent.futures import ProcessPoolExecutor

import numpy as np

import kits
import render
import samples
import synths
import tracker
import voices
from pieces import CLASSES, decode, digest, write_piece

LICENCES = (
    "CC0-1.0", "PD", "CC-BY-3.0", "CC-BY-4.0", "BSD-2-Clause", "BSD-3-Clause", "MIT",
    "Zlib", "own terms",
)  # fmt: skip
AUDIO = (".aac", ".aif", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav")


def classify(name, rules):
    """Class of a stem by the first rule with a word of its name; None leaves the stem out."""
    for rule in rules:
        if any(word in name for word in rule["words"]):
            return rule["class"] if rule["class"] in CLASSES else None
    return "other"


def make_stems(task):
    """One song folder, one audio file a stem, summed by class."""
    stems, files = {}, {}
    for path in sorted(pathlib.Path(task["input"]).iterdir()):
        if path.suffix.lower() not in AUDIO:
            continue
        kind = classify(path.stem.upper(), task["rules"])
        files[path.name] = {"class": kind, "sha256": digest(path)}
        if kind is None:
            continue
        x = decode(path)
        if kind in stems:
            length = max(len(x), len(stems[kind]))
            x = np.pad(x, ((0, length - len(x)), (0, 0)))
            stems[kind] = np.pad(stems[kind], ((0, length - len(stems[kind])), (0, 0))) + x
        else:
            stems[kind] = x
    about = {**task["about"], "joined": task["joined"], "files": files}
    return write_piece(task["output"], stems, about)


def stem_tasks(source, folder, out):
    """Tasks of a source of kind `stems`: one a song."""
    for song in sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir()):
        split = source["songs"].get(song.name)
        if split:
            yield {
                "maker": "stems",
                "input": str(song),
                "rules": source["rules"],
                "joined": song.name in source.get("joined", []),
                "output": str(out / split / f"{source['name']}-{song.name}"),
            }


def backing_tasks(source, folder, out):
    """Tasks of a source of kind `backing`: one a track of music without vocals."""
    for track in source["tracks"]:
        found = sorted(pathlib.Path(folder).rglob(track))
        if len(found) != 1:
            raise ValueError(f"{folder}: {len(found)} files called {track}, expected one")
        path = found[0]
        yield {
            "maker": "backing",
            "input": str(path),
            "output": str(out / "train" / f"{source['name']}-{path.stem}"),
        }


def make_backing(task):
    """A finished track, as loud as mixes of stems are."""
    x = decode(task["input"])
    x = x * (0.1 / np.sqrt((x**2).mean()))
    files = {pathlib.Path(task["input"]).name: {"sha256": digest(task["input"])}}
    return write_piece(task["output"], {"backing": x}, {**task["about"], "files": files})


MAKERS = {
    "stems": (stem_tasks, make_stems),
    "backing": (backing_tasks, make_backing),
    **render.MAKERS, **voices.MAKERS, **kits.MAKERS, **synths.MAKERS, **samples.MAKERS,
    **tracker.MAKERS,
}  # fmt: skip


def run_task(task):
    """Make one piece (in a worker process) unless it is there already."""
    path = pathlib.Path(task["output"])
    if not (path / "piece.json").exists():
        MAKERS[task["maker"]][1](task)
    return path.name


def write_manifest(out):
    """Gather every piece.json in DATA/manifest.json with the minutes of each class and split."""
    pieces, total = {}, {}
    for path in sorted(out.glob("*/*/piece.json")):
        about = json.loads(path.read_text())
        split = path.parts[-3]
        pieces[f"{split}/{path.parts[-2]}"] = about
        for name, minutes in about["minutes"].items():
            sums = total.setdefault(split, {}).setdefault(
                about["source"], dict.fromkeys(CLASSES, 0)
            )
            sums[name] = round(sums[name] + minutes, 2)
    manifest = {"minutes": total, "pieces": pieces}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1))
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", help="TOML file that lists the sources (see sources.toml)")
    parser.add_argument("data", help="folder to write the data set to")
    parser.add_argument(
        "--folder",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="where the material of source NAME lies; sources without one are skipped",
    )
    parser.add_argument("-j", "--jobs", type=int, default=2)
    args = parser.parse_args()
    out = pathlib.Path(args.data)
    folders = dict(item.split("=", 1) for item in args.folder)
    with open(args.sources, "rb") as file:
        sources = tomllib.load(file)["source"]
    unknown = set(folders) - {s["name"] for s in sources}
    if unknown:
        parser.error(f"no source is called {', '.join(sorted(unknown))}")
    tasks = []
    for source in sources:
        if source["licence"] not in LICENCES:
            parser.error(f"source {source['name']}: licence {source['licence']} is not allowed")
        if source["name"] not in folders:
            continue
        chances = {k: source[k] for k in ("genres", "lossy") if k in source}
        about = {k: source[k] for k in ("name", "licence", "credit", "origin")}
        about["source"] = about.pop("name")
        if "scores" in source:
            source["scores"] = folders[source["scores"]]
        for task in MAKERS[source["kind"]][0](source, folders[source["name"]], out):
            held = pathlib.Path(task["output"]).parent.name != "train"
            tasks.append({**task, **({} if held else chances), "about": about})
    # mixed up, so that a training run that has begun sees some of every source early
    tasks.sort(key=lambda task: zlib.crc32(pathlib.Path(task["output"]).name.encode()))
    with ProcessPoolExecutor(args.jobs) as pool:
        for done, name in enumerate(pool.map(run_task, tasks), 1):
            print(f"{done}/{len(tasks)} {name}", flush=True)
    for split, by_source in write_manifest(out).items():
        for source, minutes in by_source.items():
            print(f"{split} {source}: " + ", ".join(f"{k} {v:.1f} min" for k, v in minutes.items()))


if __name__ == "__main__":
    main()
