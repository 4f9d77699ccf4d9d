# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Pieces made from tracker modules, whose instruments libopenmpt plays one by one."""

import collections
import ctypes
import pathlib

import numpy as np

from pieces import RATE, digest, write_piece

MUTE = 12  # place of set_instrument_mute_status among the functions of the interactive interface
NOTE, INSTRUMENT = 0, 1  # commands of a pattern's cell
BLOCK = 4096


def library():
    """libopenmpt with the types of what is called."""
    lib = ctypes.CDLL("libopenmpt.so.0")
    for name in ("openmpt_module_ext_create_from_memory", "openmpt_module_ext_get_module"):
        getattr(lib, name).restype = ctypes.c_void_p
    lib.openmpt_module_read_interleaved_float_stereo.restype = ctypes.c_size_t
    return lib


class Module:
    """A module; instruments, or samples where it has no instruments, are numbered from 1."""

    def __init__(self, path):
        self.lib, self.data = library(), pathlib.Path(path).read_bytes()
        handle = self.lib.openmpt_module_ext_create_from_memory(
            self.data, ctypes.c_size_t(len(self.data)), *[None] * 7
        )
        if not handle:
            raise ValueError(f"{path}: libopenmpt cannot read this module")
        self.extended = ctypes.c_void_p(handle)
        self.module = ctypes.c_void_p(self.lib.openmpt_module_ext_get_module(self.extended))
        table = (ctypes.c_void_p * 16)()
        self.lib.openmpt_module_ext_get_interface(
            self.extended, b"interactive", ctypes.byref(table), ctypes.c_size_t(16 * 8)
        )
        signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int)
        self.mute = signature(table[MUTE])
        self.count = self.lib.openmpt_module_get_num_instruments(
            self.module
        ) or self.lib.openmpt_module_get_num_samples(self.module)

    def close(self):
        self.lib.openmpt_module_ext_destroy(self.extended)

    def play(self, seconds):
        """float32 [samples][2] from the beginning, as it is muted now."""
        frames = int(seconds * RATE)
        out, at = np.zeros((frames, 2), np.float32), 0
        while at < frames:
            place = out[at:].ctypes.data_as(ctypes.c_void_p)
            got = self.lib.openmpt_module_read_interleaved_float_stereo(
                self.module, RATE, ctypes.c_size_t(min(BLOCK, frames - at)), place
            )
            if got == 0:
                break
            at += got
        return out[:at]

    def notes(self):
        """{instrument: Counter of its notes} over all patterns."""
        lib, found = self.lib, collections.defaultdict(collections.Counter)
        channels = lib.openmpt_module_get_num_channels(self.module)
        for pattern in range(lib.openmpt_module_get_num_patterns(self.module)):
            for row in range(lib.openmpt_module_get_pattern_num_rows(self.module, pattern)):
                for channel in range(channels):
                    cell = (self.module, pattern, row, channel)
                    note, instrument = (
                        lib.openmpt_module_get_pattern_row_channel_command(*cell, kind) & 255
                        for kind in (NOTE, INSTRUMENT)
                    )
                    if 0 < note < 121 and instrument:
                        found[instrument][note] += 1
        return found


def play(path, instruments, seconds):
    """float32 [samples][2] of some instruments of a module; all of them if None."""
    module = Module(path)
    for n in range(module.count):
        module.mute(module.extended, n, int(instruments is not None and n + 1 not in instruments))
    audio = module.play(seconds)
    module.close()
    return audio


def module_tasks(source, folder, out):
    """One piece a module of the source's table `modules`."""
    for name, classes in source["modules"].items():
        found = sorted(pathlib.Path(folder).rglob(name))
        if len(found) != 1:
            raise ValueError(f"{folder}: {len(found)} files called {name}, expected one")
        held = name in source.get("valid", [])
        piece = f"{source['name']}-{found[0].stem}"
        yield {
            "maker": "modules", "input": str(found[0]), "classes": classes,
            "joined": "bass" not in classes, "seconds": source["seconds"],
            "output": str(out / ("valid" if held else "train") / piece),
        }  # fmt: skip


def make_module(task):
    """Instruments of `classes` by their class, those of `out` left away, the rest in other."""
    module = Module(task["input"])
    every = set(range(1, module.count + 1))
    module.close()
    classes = {name: set(numbers) for name, numbers in task["classes"].items()}
    left = classes.pop("out", set())
    classes["other"] = every - left - set().union(*classes.values())
    stems = {name: play(task["input"], chosen, task["seconds"]) for name, chosen in classes.items()}
    about = {**task["about"], "joined": task["joined"]}
    about["files"] = {pathlib.Path(task["input"]).name: {"sha256": digest(task["input"])}}
    write_piece(task["output"], stems, about)


MAKERS = {"modules": (module_tasks, make_module)}
