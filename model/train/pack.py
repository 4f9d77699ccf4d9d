# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Pack a data set into archives that are small enough to be carried, and unpack them.

    python pack.py pack DATA FOLDER [--mib 55] [--lossless SOURCE ...]
    python pack.py unpack DATA ARCHIVE ...

Pieces of the sources named lossless are stored as FLAC, all validation pieces too; the others as
Ogg Vorbis, which is not exact. Both ends need soundfile alone, no ffmpeg.
"""

import argparse
import functools
import io
import json
import pathlib
import tarfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import soundfile

from pieces import RATE, loudness

BLOCK = 1 << 16  # libsndfile's Vorbis encoder overflows its stack on very long writes


def encode(x, lossless, level):
    """int16 [samples][2] as the bytes of a file."""
    memory = io.BytesIO()
    kind = {"format": "FLAC", "subtype": "PCM_16"} if lossless else {
        "format": "OGG", "subtype": "VORBIS", "compression_level": level,
    }  # fmt: skip
    with soundfile.SoundFile(memory, "w", RATE, 2, **kind) as file:
        for start in range(0, len(x), BLOCK):
            file.write(x[start : start + BLOCK])
    return memory.getvalue()


def encode_piece(folder, lossless, level):
    """[(name, bytes)] of the files of a piece."""
    about = json.loads((folder / "piece.json").read_text())
    exact = about["source"] in lossless or folder.parent.name == "valid"
    files = [("piece.json", (folder / "piece.json").read_bytes())]
    for name in about["minutes"]:
        x = np.load(folder / f"{name}.npy", mmap_mode="r")
        files.append((f"{name}.flac" if exact else f"{name}.ogg", encode(x, exact, level)))
    return [(f"{folder.parent.name}/{folder.name}/{name}", data) for name, data in files]


def archives(pieces, limit):
    """Lists of files whose tar file is at most `limit` bytes; a piece is never cut."""
    held, total = [], 20480
    for files in pieces:
        size = sum(1024 + len(data) for _, data in files)
        if size + 20480 > limit:
            raise ValueError(f"{files[0][0]}: a piece of {size} bytes, archives hold {limit}")
        if total + size > limit:
            yield held
            held, total = [], 20480
        held, total = held + files, total + size
    yield held


def write_archive(path, files):
    """A tar file of [(name, bytes)]."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def pack(data, folder, limit, lossless, level, jobs=2):
    """Write the archives; returns their paths. Validation and lossless pieces come first."""
    pieces = sorted(p.parent for p in data.glob("*/[!.]*/piece.json"))
    sources = {p: json.loads((p / "piece.json").read_text())["source"] for p in pieces}
    pieces.sort(key=lambda p: (p.parent.name != "valid", sources[p] not in lossless, p.name))
    folder.mkdir(parents=True, exist_ok=True)
    work = functools.partial(encode_piece, lossless=lossless, level=level)
    paths = []
    with ProcessPoolExecutor(jobs) as pool:
        for files in archives(pool.map(work, pieces), limit):
            paths.append(folder / f"data-{len(paths):03d}.tar")
            write_archive(paths[-1], files)
    return paths


def restore(folder):
    """Decode the files of an unpacked piece to what train.py reads."""
    about = json.loads((folder / "piece.json").read_text())
    for name in about["minutes"]:
        path = next(folder.glob(f"{name}.[fo][lg]*"))
        x = np.zeros((about["samples"], 2), np.int16)
        decoded = soundfile.read(path, dtype="int16", always_2d=True)[0]
        x[: len(decoded)] = decoded[: len(x)]
        np.save(folder / f"{name}.npy", x)
        np.save(folder / f"{name}.rms.npy", loudness(x.astype(np.float32) / 32767))
        path.unlink()


def unpack(data, paths, jobs=None):
    """Unpack archives into a data set."""
    folders = set()
    for path in paths:
        with tarfile.open(path) as tar:
            tar.extractall(data, filter="data")
            folders |= {str(pathlib.PurePath(m.name).parent) for m in tar.getmembers()}
    with ProcessPoolExecutor(jobs) as pool:
        list(pool.map(restore, [data / f for f in sorted(folders)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("pack")
    one.add_argument("data", type=pathlib.Path)
    one.add_argument("folder", type=pathlib.Path)
    one.add_argument("--mib", type=float, default=55, help="size of an archive (55)")
    one.add_argument("--lossless", nargs="*", default=[], metavar="SOURCE")
    one.add_argument("--level", type=float, default=0.6,
                     help="Vorbis compression, 0 best to 1 smallest (0.6)")  # fmt: skip
    other = verbs.add_parser("unpack")
    other.add_argument("data", type=pathlib.Path)
    other.add_argument("archives", type=pathlib.Path, nargs="+")
    args = parser.parse_args()
    if args.verb == "unpack":
        unpack(args.data, args.archives)
        return
    limit = int(args.mib * 2**20)
    for path in pack(args.data, args.folder, limit, args.lossless, args.level):
        print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
