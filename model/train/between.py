# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Write a weights file whose values lie between those of two others of the same network.

Of one that was trained further and what it began with, a mean may keep more of what both are good
at than either (M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

import argparse
import json

import numpy as np

from shares import read_file, write_file


def tensors_of(header):
    return {name: about for name, about in header.items() if name != "__metadata__"}


def between(first, second, share):
    """`share` of the second's values and the rest of the first's, as bytes of the same types."""
    (header, old), (other, new) = first, second
    if tensors_of(header) != tensors_of(other):
        raise ValueError("the files' tensors differ in name, shape, type or place")
    mixed = bytearray(new)
    for about in tensors_of(header).values():
        kind = {"F16": np.float16, "F32": np.float32}[about["dtype"]]
        begin, end = about["data_offsets"]
        a, b = (np.frombuffer(data[begin:end], kind).astype(np.float64) for data in (old, new))
        mixed[begin:end] = ((1 - share) * a + share * b).astype(kind).tobytes()
    return bytes(mixed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", help="weights file of version 2")
    parser.add_argument("second", help="another one, which says all but the values")
    parser.add_argument("share", type=float, help="of the second, 0 to 1")
    parser.add_argument("output", help="weights file to write")
    parser.add_argument("--card", help="JSON file with a training card in place of the second's")
    args = parser.parse_args()
    first, second = read_file(args.first), read_file(args.second)
    if args.card:
        with open(args.card, encoding="utf-8") as file:
            second[0]["__metadata__"]["card"] = json.dumps(json.load(file))
    write_file(args.output, second[0], between(first, second, args.share))


if __name__ == "__main__":
    main()
