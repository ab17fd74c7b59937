#!/usr/bin/env python3
"""Checks a program that `dyn export` wrote for a Speck against the stand-in; TAP lines.

    check_speck.py build PROGRAM.py DUMP.json     the configuration is that of `dump --json`
    check_speck.py play PROGRAM.py                runs it, and looks at what reached the board
"""
import importlib.util
import json
import sys

import samna
from samna import speck

count = failed = 0


def ok(right, name):
    global count, failed
    count += 1
    failed += not right
    print(f"{'ok' if right else 'not ok'} {count} - {name}")


def load(path):
    spec = importlib.util.spec_from_file_location("program", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(want, have, where):
    """Fields of a dump that an object doesn't have so."""
    parts = None
    if isinstance(want, dict):
        parts = [(x, getattr(have, k), f"{where}.{k}") for k, x in want.items()]
    if isinstance(want, list) and want and isinstance(want[0], dict):
        parts = [(x, have[k], f"{where}[{k}]") for k, x in enumerate(want)]
    if parts is not None:
        return [d for part in parts for d in differences(*part)]
    same = want == have and type(want) is type(have)
    return [] if same else [f"{where}: {str(have)[:60]}, not {str(want)[:60]}"]


def fields(x):
    """How many leaves a dump has: what isn't looked at isn't there."""
    if isinstance(x, dict):
        return sum(map(fields, x.values()))
    if isinstance(x, list) and x and isinstance(x[0], dict):
        return sum(map(fields, x))
    return 1


def build(program, dump):
    m, want = load(program), json.load(open(dump))
    config = m.validated()
    ok(m.speck.__name__ == "samna." + want["target"], "it uses the chip's module")
    fresh = m.speck.configuration.SpeckConfiguration()
    for core in want["cores"]:
        wrong = differences(core["config"], config.cnn_layers[core["core"]], f"core {core['core']}")
        print("".join(f"# {w}\n" for w in wrong[:5]), end="")
        ok(not wrong and fields(core["config"]) == 31, f"core {core['core']}")
    parts = {"dvs": "dvs_layer", "readout": "readout", "dvs_filter": "dvs_filter"}
    parts["factory_config"] = "factory_config"
    for key, name in parts.items():
        wrong = differences(want[key], getattr(config, name), name)
        print("".join(f"# {w}\n" for w in wrong[:5]), end="")
        ok(not wrong and want[key], name)
        slots = set(getattr(fresh, name).values) - {"destinations"}
        ok(slots <= set(want[key]), f"{name}: every field is in the dump")
    used = {core["core"] for core in want["cores"]}
    ok(set(m.CORES) == used, "the other cores stay as they come")
    layers = {core["layer"]: core["core"] for core in want["cores"] if core["layer"]}
    ok(all(layers[name] == core for name, core in m.LAYERS.items()), "layers have their cores")
    inputs = {
        name: [(t["layer"], *t["pool"], t["feature_shift"]) for t in to]
        for name, to in want["inputs"].items()
    }
    ok(inputs == m.INPUTS, "inputs go where they should")


class FastClock:
    def sleep(self, seconds):
        pass


def play(program):
    import numpy

    m = load(program)
    m.time = FastClock()
    record = [("trial", "u4"), ("t", "i8"), ("channel", "u2"), ("y", "u2"), ("x", "u2")]
    stimulus = {}
    for k, name in enumerate(m.INPUTS):
        rows = [(0, 30 + k, 1, 3, 4), (1, 7, 0, 2, 5), (0, 9, 1, 1, 1)]
        stimulus["input." + name] = numpy.array(rows, record)
    numpy.savez("stimulus.npz", **stimulus)
    m.run("stimulus.npz", 0, 50, "answer.npz")
    board = speck.Relay.latest
    answer = numpy.load("answer.npz")
    ok(board.slow_clock == 50, "the slow clock is set")
    ok(len(board.applied) == 2, "a configuration before each trial")
    ok(len(board.written) == 2, "both trials are played")
    first = board.written[0]
    times = [9] * len(m.INPUTS) + [30 + k for k in range(len(m.INPUTS))]
    ok([e.timestamp - m.LEAD for e in first] == times, "events in the order of time")
    for k, (name, to) in enumerate(m.INPUTS.items()):
        for layer, pool_y, pool_x, shift in to:
            e = next(e for e in first if e.timestamp == m.LEAD + 30 + k)
            if layer == m.DVS:
                ok((e.p, e.y, e.x) == (1, 3, 4), f"{name}: as events of the sensor")
            else:
                right = (e.layer, e.feature, e.y, e.x)
                ok(right == (layer, 1 + shift, 3 // pool_y, 4 // pool_x), f"{name}: as spikes")
    for name in m.LAYERS:
        events = answer[name + ".events"]
        ok(len(events) > 0 and events["t"].min() >= 7, f"{name}: its spikes are there")
        ok(set(events["trial"]) == {0, 1}, f"{name}: of both trials")
        ok(events.dtype == numpy.dtype(record), f"{name}: as a run records them")
    ok(all((answer[k] == stimulus[k]).all() for k in stimulus), "and the stimulus")
    samna.device.get_unopened_devices = lambda: []
    try:
        m.Board(None)
        ok(False, "no board")
    except SystemExit as e:
        ok("board is connected" in str(e), "no board")
    m.speck.validate_configuration = lambda config: (False, "too large")
    try:
        m.validated()
        ok(False, "an invalid configuration")
    except SystemExit as e:
        ok("invalid: too large" in str(e), "an invalid configuration")


{"build": build, "play": play}[sys.argv[1]](*sys.argv[2:])
sys.exit(failed > 0)
