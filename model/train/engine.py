# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Estimates of the C engine by its streaming path: the program, and the plugin in a host."""

import pathlib
import subprocess
import tempfile

import soundfile

RESPONSES = ("Studio", "Balanced", "Live")  # values of the plugin's control, from 0
OUTPUTS = ("vocals", "drums", "bass", "other")  # of the plugin for stems, two channels each


class Engine:
    """What `make all hosts` left in a build folder, with a weights file."""

    def __init__(self, build, weights):
        self.build, self.weights = pathlib.Path(build).resolve(), pathlib.Path(weights).resolve()
        self.host = self.build / "tests" / "host" / "host"
        for path in (self.build / "unbraid", self.host):
            if not path.exists():
                raise ValueError(f"{path} is not there (expected from make all hosts)")

    def bundle(self, folder):
        """The LV2 bundle with these weights in the place of the default's."""
        bundle = folder / "lv2" / "unbraid.lv2"
        bundle.mkdir(parents=True)
        for path in (self.build / "unbraid.lv2").iterdir():
            (bundle / path.name).symlink_to(path)
        weights = bundle / "default.safetensors"
        weights.unlink()
        weights.symlink_to(self.weights)
        return bundle.parent

    def plugin(self, mix, response):
        """{source: [2][samples]} of a mix by the plugin, freewheeling, latency taken off."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            soundfile.write(folder / "mix.wav", mix.T, 44100, "FLOAT")
            command = [self.host, "-u", "urn:unbraid:stems", "-a"]
            command += ["-s", f"response={RESPONSES.index(response)}"]
            subprocess.run(
                [*command, folder / "mix.wav", folder / "out.wav"],
                check=True, env={"LV2_PATH": str(self.bundle(folder))},
            )  # fmt: skip
            out = soundfile.read(folder / "out.wav", dtype="float32")[0].T
        return {name: out[2 * n : 2 * n + 2] for n, name in enumerate(OUTPUTS)}

    def program(self, mix, wanted=OUTPUTS):
        """{name: [2][samples]} of a mix by the command line; a name is a source, or "no-SOURCE"."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            soundfile.write(folder / "mix.wav", mix.T, 44100, "FLOAT")
            command = [self.build / "unbraid", "-q", "-m", self.weights, "-o", folder]
            command += [option for source in wanted for option in ("-s", source)]
            subprocess.run([*command, folder / "mix.wav"], check=True)
            return {
                name: soundfile.read(folder / f"mix.{name}.wav", dtype="float32")[0].T
                for name in wanted
            }
