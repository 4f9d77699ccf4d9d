# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Say in a weights file which mask holds above the bins that its networks see, and nothing else.

That is "dropped_mask" in FORMAT.md. The tensors stay as they are, byte for byte.
"""

import argparse
import json

from shares import read_file, write_file

BINS = 128  # experiments/README.md says why
ABOVE = {"mean": BINS}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", help="weights file of version 2")
    parser.add_argument("output", help="weights file to write, which may be the same")
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument("--bins", type=int, default=BINS, help=f"mean of so many nearest ({BINS})")
    rule.add_argument("--all", action="store_true", help="mean of all bins that are seen")
    rule.add_argument("--value", type=float, help="always this one, 0 to 1")
    args = parser.parse_args()
    header, tensors = read_file(args.weights)
    network = json.loads(header["__metadata__"]["network"])
    value = "mean" if args.all else {"mean": args.bins} if args.value is None else args.value
    if isinstance(value, dict) and not 1 <= args.bins <= network["stft"]["bins"]:
        parser.error(f"--bins: expected 1 to {network['stft']['bins']}")
    network["dropped_mask"] = value
    header["__metadata__"]["network"] = json.dumps(network)
    write_file(args.output, header, tensors)
    print(f"{args.output}: dropped_mask {json.dumps(value)}")


if __name__ == "__main__":
    main()
