# Copyright 2026 The Unbraid authors
# SPDX-License-Identifier: MIT
"""Carla without a screen: commands on standard input, through Carla's public C API.

    carla.py FOLDER DRIVER [bridge]    FOLDER has libcarla_standalone2.so and its bridges

One command a line; N is a plugin's number, 0 the first:

    add URI     remove N     clone N     active N 0|1    model N PATH    program N LABEL
    set N SYMBOL VALUE       get N SYMBOL                latency N       describe N
    until N SYMBOL VALUE     lags N SAMPLES              idle SECONDS    shell COMMAND
    save FILE   load FILE

until waits for a parameter's value, lags for a latency.  Ends with a line on standard
error at the first command that fails.
"""

import ctypes
import os
import subprocess
import sys
import time

# From CarlaBackend.h
MULTIPLE_CLIENTS, CONTINUOUS_RACK = 1, 2
OPTION_PROCESS_MODE, OPTION_PREFER_BRIDGES = 1, 4
OPTION_PLUGIN_PATH, OPTION_PATH_BINARIES, OPTION_PATH_RESOURCES = 19, 20, 21
BINARY_NATIVE, PLUGIN_LV2, OPTIONS_DEFAULT = 2, 4, 0x10000
WAIT = 30  # s, for what comes when it is ready
DATA_PATH = b"http://kxstudio.sf.net/ns/carla/path"


class ParameterInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("name", "symbol", "unit", "comment", "group")]
    _fields_ += [("scale_points", ctypes.c_uint32)]


class ScalePoint(ctypes.Structure):
    _fields_ = [("value", ctypes.c_float), ("label", ctypes.c_char_p)]


class Failure(Exception):
    pass


class Carla:
    def __init__(self, folder, driver, bridge):
        self.lib = ctypes.CDLL(os.path.join(folder, "libcarla_standalone2.so"))
        self.result("carla_standalone_host_init", ctypes.c_void_p)
        self.result("carla_get_last_error", ctypes.c_char_p)
        self.result("carla_get_program_name", ctypes.c_char_p)
        self.result("carla_get_current_parameter_value", ctypes.c_float)
        self.result("carla_get_parameter_info", ctypes.POINTER(ParameterInfo))
        self.result("carla_get_parameter_scalepoint_info", ctypes.POINTER(ScalePoint))
        self.handle = ctypes.c_void_p(self.lib.carla_standalone_host_init())
        # Carla's own driver knows its rack alone
        mode = CONTINUOUS_RACK if driver == "Dummy" else MULTIPLE_CLIENTS
        self.option(OPTION_PROCESS_MODE, mode)
        self.option(OPTION_PREFER_BRIDGES, bridge)
        self.option(OPTION_PATH_BINARIES, 0, folder)
        self.option(OPTION_PATH_RESOURCES, 0, folder)
        self.option(OPTION_PLUGIN_PATH, PLUGIN_LV2, os.environ["LV2_PATH"])
        self.need("engine_init", driver.encode(), b"unbraid")

    def result(self, name, kind):
        getattr(self.lib, name).restype = kind

    def call(self, name, *args):
        return getattr(self.lib, "carla_" + name)(self.handle, *args)

    def option(self, option, value, text=""):
        self.call("set_engine_option", option, value, text.encode())

    def need(self, name, *args):
        if not self.call(name, *args) & 0xFF:  # a bool
            raise Failure(f"carla_{name}: {self.call('get_last_error').decode()}")

    def parameters(self, n):
        for i in range(self.call("get_parameter_count", n)):
            yield i, self.call("get_parameter_info", n, i).contents

    def parameter(self, n, symbol):
        for i, info in self.parameters(n):
            if info.symbol.decode() == symbol:
                return i
        raise Failure(f"plugin {n}: no parameter {symbol}")

    def programs(self, n):
        count = self.call("get_program_count", n)
        return [self.call("get_program_name", n, i).decode() for i in range(count)]

    def do_add(self, uri):
        self.need("add_plugin", BINARY_NATIVE, PLUGIN_LV2, None, None, uri.encode(),
                  ctypes.c_int64(0), None, OPTIONS_DEFAULT)

    def do_remove(self, n):
        self.need("remove_plugin", int(n))

    def do_clone(self, n):
        self.need("clone_plugin", int(n))

    def do_active(self, n, on):
        self.call("set_active", int(n), on == "1")

    def do_set(self, n, symbol, value):
        i = self.parameter(int(n), symbol)
        self.call("set_parameter_value", int(n), i, ctypes.c_float(float(value)))

    def value(self, n, symbol):
        return self.call("get_current_parameter_value", n, self.parameter(n, symbol))

    def wait(self, what, asked, expected):
        end = time.monotonic() + WAIT
        while asked() != expected:
            if time.monotonic() > end:
                raise Failure(f"{what}: {asked():g} after {WAIT} s, expected {expected:g}")
            self.do_idle(0.1)

    def do_get(self, n, symbol):
        print(symbol, f"{self.value(int(n), symbol):g}")

    def do_until(self, n, symbol, value):
        self.wait(symbol, lambda: self.value(int(n), symbol), float(value))

    def do_lags(self, n, samples):
        self.wait("latency", lambda: self.call("get_plugin_latency", int(n)), int(samples))

    def do_latency(self, n):
        print("plugin latency", self.call("get_plugin_latency", int(n)))

    def do_describe(self, n):
        for i, info in self.parameters(int(n)):
            points = []
            for s in range(info.scale_points):
                point = self.call("get_parameter_scalepoint_info", int(n), i, s).contents
                points.append(f"{point.value:g} {point.label.decode()}")
            print(f"{info.symbol.decode()} [{info.unit.decode()}]: {', '.join(points)}")

    def do_program(self, n, *label):
        self.call("set_program", int(n), self.programs(int(n)).index(" ".join(label)))

    def do_model(self, n, path):
        self.call("set_custom_data", int(n), DATA_PATH, b"file", path.encode())

    def do_save(self, path):
        self.need("save_project", path.encode())

    def do_load(self, path):
        self.call("remove_all_plugins")
        self.need("load_project", path.encode())

    def do_idle(self, seconds):
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            self.call("engine_idle")
            time.sleep(0.02)

    def do_shell(self, *command):
        process = subprocess.Popen(" ".join(command), shell=True)
        while process.poll() is None:
            self.do_idle(0.02)
        if process.returncode:
            raise Failure(f"{' '.join(command)}: exit status {process.returncode}")


def main():
    carla = Carla(sys.argv[1], sys.argv[2], "bridge" in sys.argv[3:])
    try:
        for line in sys.stdin:
            words = line.split()
            getattr(carla, "do_" + words[0])(*words[1:])
            sys.stdout.flush()
    except Failure as failure:
        sys.exit(f"carla.py: {line.strip()}: {failure}")
    finally:
        carla.call("remove_all_plugins")
        carla.call("engine_close")


if __name__ == "__main__":
    main()
