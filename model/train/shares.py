# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Say in a weights file by what its sources share a mix, and nothing else ("shares" in FORMAT.md).

The tensors stay as they are, byte for byte.
"""

import argparse
import json
import os
import pathlib

EXPONENT = 1.5  # experiments/README.md says why


def shares(sources, exponent=EXPONENT):
    """The value of "shares" for sources that together are the whole mix."""
    return {"sources": list(sources), "exponent": exponent}


def read_file(path):
    """(header, the tensors' bytes) of a safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    end = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:end])
    if header.get("__metadata__", {}).get("format_version") != "2":
        raise ValueError(f"{path}: not a weights file of format version 2")
    return header, raw[end:]


def write_file(path, header, tensors):
    """Write aside, then rename."""
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    aside = pathlib.Path(f"{path}.part")
    aside.write_bytes(len(text).to_bytes(8, "little") + text + tensors)
    os.replace(aside, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="weights file of version 2")
    parser.add_argument("output", help="weights file to write, which may be the same")
    parser.add_argument("--exponent", type=float, default=EXPONENT, help=f"({EXPONENT})")
    parser.add_argument("--sources", nargs="+", help="that are the whole mix (all of the model's)")
    parser.add_argument("--own", action="store_true", help="no shares: every source's own mask")
    parser.add_argument("--card", help="JSON file with a training card in place of the file's")
    args = parser.parse_args()
    header, tensors = read_file(args.weights)
    about = header["__metadata__"]
    network = json.loads(about["network"])
    value = None if args.own else shares(args.sources or network["sources"], args.exponent)
    network["mask"]["shares"] = value
    about["network"] = json.dumps(network)
    if args.card:
        about["card"] = json.dumps(json.loads(pathlib.Path(args.card).read_text()))
    write_file(args.output, header, tensors)
    print(f"{args.output}: shares {json.dumps(value)}")


if __name__ == "__main__":
    main()
