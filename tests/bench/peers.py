# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""One chunk on one core: Unbraid beside PyTorch and ONNX Runtime on the same weights.

All take turns, chunk by chunk, so that whatever else the machine does hits all alike. Each must
make the same masks first. Prints a table and writes peers.tsv and peers.json in BUILD/bench.

    make bench-peers [PEERS_PYTHON=...]
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "model" / "train"))

from export import randomise, write_weights  # noqa: E402
from model import UNet, describe, image_bins  # noqa: E402
from weights import load_weights  # noqa: E402

TOLERANCE = 1e-4  # of a mask
OURS = ["native"]


def random_weights(path, filters, bins):
    """A weights file of random single-precision numbers."""
    description = describe(filters)
    description["stft"].update(window=2 * bins, hop=bins // 2, bins=bins)
    network = UNet(description)
    with torch.no_grad():
        randomise(network, 1)
    write_weights(path, network.eval(), {}, torch.float32)


class Mask(torch.nn.Module):
    """The first source's mask of network input, which is compressed and grouped already."""

    def __init__(self, network):
        super().__init__()
        self.network = network
        network.description["input"] = {"scale": 1.0, "power": 1.0}
        network.map = None
        self.register_buffer("condition", torch.eye(len(network.description["sources"]))[:1])

    def forward(self, x):
        return self.network(x, self.condition)


class Torch:
    """Memory as it comes, or channels last."""

    def __init__(self, mask, x, layout):
        self.mask = mask.to(memory_format=layout)
        self.x = x.to(memory_format=layout)

    def chunk(self):
        start = time.perf_counter()
        with torch.inference_mode():
            self.out = self.mask(self.x)
        return 1e3 * (time.perf_counter() - start)

    def answer(self):
        return self.out.contiguous().numpy()


class OnnxRuntime:
    """All graph optimisations; the condition is part of the graph, so that it can be folded."""

    def __init__(self, mask, x, folder):
        path = str(folder / "network.onnx")
        torch.onnx.export(mask, (x,), path, dynamo=False, input_names=["x"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])
        self.x = x.numpy()

    def chunk(self):
        start = time.perf_counter()
        (self.out,) = self.session.run(None, {"x": self.x})
        return 1e3 * (time.perf_counter() - start)

    def answer(self):
        return self.out


class Ours:
    """A backend of the C program."""

    def __init__(self, process, mask, backend):
        self.process, self.mask, self.backend = process, mask, backend

    def chunk(self):
        self.process.stdin.write(f"{self.backend}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def answer(self):
        return self.mask


def contenders(weights, folder, build):
    """Everyone by name, and the process of ours."""
    network, _ = load_weights(weights)
    stft = network.description["stft"]
    shape = (1, stft["channels"], stft["frames"], image_bins(network.description))
    x = torch.rand(shape, generator=torch.Generator().manual_seed(2)) ** 2
    x.numpy().tofile(folder / "input")
    process = subprocess.Popen(
        [build / "tests/bench/bench_ours", weights, folder / "input", folder / "mask"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = Ours(process, None, OURS[0])
    first.chunk()
    answer = np.fromfile(folder / "mask", np.float32).reshape(shape)
    all_of_them = {f"unbraid {name}": Ours(process, answer, name) for name in OURS}
    runtime = OnnxRuntime(Mask(network), x, folder)
    for name, layout in (("default", torch.contiguous_format),
                         ("channels_last", torch.channels_last)):  # fmt: skip
        mask = Mask(load_weights(weights)[0]).eval()
        all_of_them[f"PyTorch {name}"] = Torch(mask, x, layout)
    all_of_them["ONNX Runtime"] = runtime
    return all_of_them, process


def check(them):
    """Everyone makes the mask that PyTorch makes."""
    for one in them.values():
        one.chunk()
    right = them["PyTorch default"].answer()
    for name, one in them.items():
        error = float(np.abs(one.answer() - right).max())
        if not error < TOLERANCE:
            sys.exit(f"{name}: its mask differs by {error} (expected less than {TOLERANCE})")


def compare(title, weights, build, rounds):
    """Rows of everyone's times on one network."""
    with tempfile.TemporaryDirectory() as folder:
        them, process = contenders(weights, pathlib.Path(folder), build)
        check(them)
        times = {name: [] for name in them}
        for _ in range(rounds):
            for name, one in them.items():
                times[name].append(one.chunk())
        process.stdin.close()
        process.wait()
    ours = times[f"unbraid {OURS[0]}"]
    return [
        {
            "network": title,
            "who": name,
            "median_ms": statistics.median(all_times),
            "best_ms": min(all_times),
            # of each round, as its two times were taken side by side
            "ratio": statistics.median(t / o for t, o in zip(all_times, ours, strict=True)),
        }
        for name, all_times in times.items()
    ]


def report(rows, out):
    lines = ["network\twho\tmedian ms\tbest ms\ttimes ours"]
    for row in rows:
        lines.append(
            f"{row['network']}\t{row['who']}\t{row['median_ms']:.2f}\t{row['best_ms']:.2f}"
            f"\t{row['ratio']:.2f}"
        )
    out.mkdir(parents=True, exist_ok=True)
    (out / "peers.tsv").write_text("\n".join(lines) + "\n")
    versions = {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__}
    (out / "peers.json").write_text(json.dumps({"versions": versions, "rows": rows}, indent=1))
    for line in lines:
        print("{:<16}{:<24}{:>10}{:>10}{:>12}".format(*line.split("\t")))
    print(f"PyTorch {versions['torch']}, ONNX Runtime {versions['onnxruntime']}, one thread each")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    networks = ["24x1024", "16x256", "model/weights/light.safetensors"]
    parser.add_argument("networks", nargs="*", default=networks,
                        help="weights files or FILTERSxBINS")  # fmt: skip
    args = parser.parse_args()
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.networks:
            weights = name
            if not pathlib.Path(name).exists():
                weights = os.path.join(folder, name)
                random_weights(weights, *map(int, name.split("x")))
            rows += compare(pathlib.Path(name).stem, weights, build, args.rounds)
    report(rows, build / "bench")


if __name__ == "__main__":
    main()
