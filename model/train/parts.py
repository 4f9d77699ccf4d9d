# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Cut a file into parts of a size that can be carried, and join them again.

python parts.py split FILE FOLDER [--mib 15]
python parts.py join FOLDER FILE
"""

import argparse
import hashlib
import json
import os
import pathlib


def split(path, folder, limit):
    """Write FOLDER/part-000 and so on of at most `limit` bytes, and FOLDER/parts.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*"):
        old.unlink()
    names, whole = [], hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(limit):
            whole.update(piece)
            names.append(f"part-{len(names):03d}")
            (folder / names[-1]).write_bytes(piece)
    about = {"parts": names, "sha256": whole.hexdigest()}
    (folder / "parts.json").write_text(json.dumps(about, indent=1))


def join(folder, path):
    """Put the parts together again; the file appears only if it is whole."""
    about, whole = json.loads((folder / "parts.json").read_text()), hashlib.sha256()
    aside = path.with_name(path.name + ".part")
    with open(aside, "wb") as file:
        for name in about["parts"]:
            piece = (folder / name).read_bytes()
            whole.update(piece)
            file.write(piece)
    if whole.hexdigest() != about["sha256"]:
        aside.unlink()
        raise ValueError(f"{folder}: the parts do not make the file that was split")
    os.replace(aside, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["split", "join"])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("--mib", type=float, default=15, help="size of a part (15)")
    args = parser.parse_args()
    if args.verb == "split":
        split(args.source, args.result, int(args.mib * 2**20))
    else:
        join(args.source, args.result)


if __name__ == "__main__":
    main()
