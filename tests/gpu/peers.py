# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""What a device can do, and what PyTorch makes of it: for Unbraid's figures beside it.

The rate of large matrix products in each precision, and the 24-filter network's chunk by PyTorch,
host memory to host memory: eager, channels last, in each precision, and the best as a CUDA graph.
Prints JSON.

    peers.py [--device cuda] [--filters 24] [--matrix 8192] [--batch 64] [--seconds 1]
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "model" / "train"))

from model import UNet, describe  # noqa: E402

PRECISIONS = {
    "f32": (torch.float32, False),
    "tf32": (torch.float32, True),
    "bf16": (torch.bfloat16, True),
    "fp16": (torch.float16, True),
}


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def median_ms(call, device, seconds):
    """The median of a call and its end, after warming up."""
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    for _ in range(3):
        call()
    wait()
    times = []
    begin = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        wait()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def matrix_rate(size, precision, device, seconds):
    """TFLOP/s of a square product of random numbers."""
    kind, tf32 = PRECISIONS[precision]
    allow_tf32(tf32)
    a, b = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    return 2e-9 * size**3 / median_ms(lambda: a @ b, device, seconds)


class Chunk:
    """The network on n inputs, from pinned memory to pinned memory."""

    def __init__(self, network, precision, layout, n, device):
        kind, tf32 = PRECISIONS[precision]
        allow_tf32(tf32)
        self.network = network.to(device, kind).to(memory_format=layout)
        stft = network.description["stft"]
        shape = (n, stft["channels"], stft["frames"], stft["bins"])
        pin = device == "cuda"
        self.given = torch.rand(shape, pin_memory=pin)
        self.mask = torch.empty(shape, pin_memory=pin)
        self.x = torch.empty(shape, device=device, dtype=kind).to(memory_format=layout)
        self.condition = torch.eye(4, device=device, dtype=kind)[torch.arange(n) % 4]
        self.graph = None

    def compute(self):
        self.x.copy_(self.given, non_blocking=True)
        self.mask.copy_(self.network(self.x, self.condition), non_blocking=True)

    def capture(self):
        self.graph = torch.cuda.CUDAGraph()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.compute()
        torch.cuda.current_stream().wait_stream(side)
        with torch.cuda.graph(self.graph):
            self.compute()

    def __call__(self):
        if self.graph:
            self.graph.replay()
        else:
            self.compute()


def network_times(options, n):
    """Milliseconds by name."""
    description = describe(options.filters)
    description["input"] = {"scale": 1.0, "power": 1.0}
    times = {}
    for precision in PRECISIONS:
        for name, layout in (("", torch.contiguous_format), ("-last", torch.channels_last)):
            chunk = Chunk(UNet(description).eval(), precision, layout, n, options.device)
            times[f"eager-{precision}{name}"] = median_ms(chunk, options.device, options.seconds)
            if options.device == "cuda" and name:
                chunk.capture()
                times[f"graph-{precision}{name}"] = median_ms(chunk, "cuda", options.seconds)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--filters", type=int, default=24)
    parser.add_argument("--matrix", type=int, default=8192)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    torch.manual_seed(1)
    found = {"torch": torch.__version__, "matrix_tflops": {}, "chunk_ms": {}, "batch_ms": {}}
    with torch.inference_mode():
        for precision in PRECISIONS:
            found["matrix_tflops"][precision] = matrix_rate(
                options.matrix, precision, options.device, options.seconds
            )
        found["chunk_ms"] = network_times(options, 1)
        found["batch_ms"] = network_times(options, options.batch)
    print(json.dumps(found, indent=1))


main()
