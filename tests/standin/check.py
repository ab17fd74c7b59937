#!/usr/bin/env python3
"""Checks what `dyn export` wrote against the stand-in; TAP lines. Called by tests/e2e/samna.sh.

    check.py default FILE.json                    writes the stand-in's default
    check.py text CONFIG.json DUMP.json           a text without a default, against `dump --json`
    check.py build PROGRAM.py MERGED.json DUMP.json
    check.py play PROGRAM.py STIMULUS.npz         runs it, and looks at what reached the board
"""
import contextlib
import importlib.util
import io
import json
import sys

import samna
from samna import dynapse2 as se2

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


# ---- configurations as plain tables, from two kinds of text --------------------------------------

DENDRITE = {d.value: d.name for d in se2.Dendrite}
MAPS = ["globalParameters", "sharedParameters01", "sharedParameters23"]  # of several cores


def owner(core, name):
    """A core, or the map of its chip, that has a parameter."""
    if name in se2.GLOBAL:
        return MAPS[0]
    return MAPS[1 + core // 2] if name in se2.SHARED else core


def of_dump(path):
    biases, neurons = {}, {}
    for chip in json.load(open(path))["chips"]:
        for core in chip["cores"]:
            at = chip["chip"], core["core"]
            for k, b in core["biases"].items():
                codes = biases.setdefault((at[0], owner(at[1], k)), {})
                codes[k] = b["coarse"], b["fine"]
            for n in core["neurons"]:
                cam = {c["slot"]: (c["tag"], c["dendrite"], c["weight"]) for c in n["cam"]}
                sram = {
                    s["slot"]: (s["tag"], s["cores"], s["x_hop"], s["y_hop"]) for s in n["sram"]
                }
                neurons[(*at, n["neuron"])] = (set(n["latches"]), cam, sram)
    return biases, neurons


def codes(parameters):
    values = {p["key"]: p["value"] for p in parameters}
    return {k: (v["coarseValue"], v["fineValue"]) for k, v in values.items()}


def elements(x):
    return [x[f"value{k}"] for k in range(len(x))]


def of_text(text):
    """Entries that aren't empty; every parameter."""
    biases, neurons = {}, {}
    for chip, at_chip in enumerate(json.loads(text)["value0"]["chips"]):
        biases.update({(chip, key): codes(at_chip[key]) for key in MAPS})
        for core, at_core in enumerate(elements(at_chip["cores"])):
            biases[chip, core] = codes(at_core["parameters"])
            for index, n in enumerate(elements(at_core["neurons"])):
                latches = {snake(k[5:]) for k, on in n.items() if k.startswith("latch") and on}
                cam = {
                    slot: (s["tag"], DENDRITE[s["dendrite"]], elements(s["weight"]))
                    for slot, s in enumerate(elements(n["synapses"]))
                    if s["dendrite"] or s["tag"] or any(elements(s["weight"]))
                }
                sram = {
                    slot: (d["tag"], elements(d["core"]), d["xHop"], d["yHop"])
                    for slot, d in enumerate(elements(n["destinations"]))
                    if any(elements(d["core"]))
                }
                if latches or cam or sram:
                    neurons[chip, core, index] = (latches, cam, sram)
    return biases, neurons


def snake(name):
    return "".join("_" + c.lower() if c.isupper() else c for c in name)[1:]


def parts(biases, of):
    return {at: {k: biases[at].get(k) for k in codes} for at, codes in of.items()}


def text(config, dump):
    biases, neurons = of_text(open(config).read())
    want_biases, want_neurons = of_dump(dump)
    ok(neurons == want_neurons, "the text has the neurons of the image, and no others")
    ok(parts(biases, want_biases) == want_biases, "and its codes")
    for at, codes in want_biases.items():
        for k in codes:
            del biases[at][k]
    rest = {c for codes in biases.values() for c in codes.values()}
    ok(rest == {(0, 0)}, "other parameters are 0")


def build(program, merged, dump):
    config = load(program).build()
    ok(config.to_json() == open(merged).read(), "the program builds the merged text, to the byte")
    biases, neurons = of_text(config.to_json())
    fresh_biases, fresh_neurons = of_text(se2.Dynapse2Configuration().to_json())
    want_biases, want_neurons = of_dump(dump)
    ok(parts(biases, want_biases) == want_biases, "its codes are the image's")
    ok({at: neurons.get(at) for at in want_neurons} == want_neurons, "its neurons are the image's")
    for at in want_neurons:
        neurons.pop(at), fresh_neurons.pop(at, None)
    ok(neurons and neurons == fresh_neurons, "others are as before")
    same = [at for at in fresh_biases if at not in want_biases]
    ok(all(biases[at] == fresh_biases[at] for at in same), "so are the parameters of others")


# ---- a run ---------------------------------------------------------------------------------------


class FastClock:
    """Seconds go by as soon as somebody sleeps."""

    now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def ends(call):
    """How a call ended the program ("": it didn't), and what was said on stderr."""
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            call()
        except SystemExit as e:
            return str(e), err.getvalue()
    return "", err.getvalue()


def leaks(config):
    cores = [c for c in of_text(config.to_json())[0].values() if "SOIF_LEAK_N" in c]
    return cores and all(c["SOIF_LEAK_N"] == c["DEAM_ETAU_P"] == (5, 255) for c in cores)


def check_schedule(numpy, m):
    name, channels = next((k, len(v)) for k, v in m.INPUTS.items() if len(v) > 1 and v[0] and v[1])
    raster = numpy.zeros((2, channels), int)
    raster[0, 1], raster[1, 0], raster[1, 1] = 3, 2, 1
    times = [(t, where) for t, where in m.schedule({name: raster}, 2)]
    a, b = m.INPUTS[name][0][0], m.INPUTS[name][1][0]
    want = [(0, b), (333, b), (666, b), (1000, a), (1001, b), (1500, a)]
    ok(times == want, "counts are spread over their step, a microsecond each")
    raster[1, 0], raster[1, 1] = 600, 400
    times = [t for t, _ in m.schedule({name: raster}, 2)][3:]
    ok(times == list(range(1000, 2000)), "a step has room for as many events as microseconds")
    raster[1, 0] = 601
    said, _ = ends(lambda: m.schedule({name: raster}, 2))
    ok("step 1 has more events" in said, "and not for more")


def check_trials(numpy, m, stimulus, bit):
    ended, err = ends(lambda: m.run(bit, stimulus, None, "answer.npz"))
    ok((ended, err) == ("", ""), "a run ends without a word")
    board = se2.Dynapse2Interface.latest
    given, answer = numpy.load(stimulus), numpy.load("answer.npz")
    trials = next(iter(given.values())).shape[0]
    applied = [leaks(c) for c in board.model.applied]
    ok(applied == [True] + [False, True] * trials, "discharged when opened and after each trial")
    ok(not board.open, "and closed")
    marks = [[e.timestamp for e in events if e.event.tag == 2047] for events in board.written]
    sent = [[e.timestamp for e in events if e.event.tag != 2047] for events in board.written]
    ok(len(sent) == trials, "every trial is sent")
    ok(all(len(x) == 3 and len(set(x)) == 1 for x in marks), "each with its end marks")
    ok(all(t == sorted(t) and t[-1] < x[0] for t, x in zip(sent, marks)), "which come last")
    for name, want in m.INPUTS.items():
        there = (answer["input." + name] == given["input." + name]).all()
        ok(there, f"input {name} is in the answer")
    check_answer(m, given, answer)
    return answer


def check_answer(m, given, answer):
    """The stand-in answers an event with one spike of every neuron that hears it."""
    for layer, (shape, neurons) in m.LAYERS.items():
        spikes = answer[layer + ".spikes"]
        flat = spikes.reshape(*spikes.shape[:2], -1)
        right = spikes.shape[2:] == tuple(shape)
        for n, (chip, core, index) in enumerate(neurons):
            hears = {tag for _, tag, _, weight in m.NEURONS[chip, core, index][1] if "1" in weight}
            want = 0
            for name, channels in m.INPUTS.items():
                counts = given["input." + name].reshape(*flat.shape[:2], -1).astype(int)
                for k, to in enumerate(channels):
                    here = [t for t, cores, x, _ in to if cores[core] == "1" and x == chip]
                    want = want + len(hears.intersection(here)) * counts[..., k]
            right = right and (flat[..., n] == want).all()
        ok(right and flat.any(), f"layer {layer}: every spike has its neuron, step and trial")
        events = answer[layer + ".events"]
        ok(len(events) == flat.sum() and events["t"].min() >= 0, f"layer {layer}: and its time")


def check_trouble(m, stimulus, bit):
    def spoil(method):
        def run():
            m.Board.__init__(board, bit)
            method(board.device)
            board.play(m.build(), [(0, where)], 1000)

        board = m.Board.__new__(m.Board)
        return ends(run)

    where = next(to for channels in m.INPUTS.values() for to_all in channels for to in to_all)
    real = se2.Dynapse2Interface
    answer = real.answer
    m.time = FastClock()
    try:
        real.answer = lambda self, events: answer(self, [e for e in events if e.event.tag != 2047])
        ok("didn't answer" in spoil(lambda d: None)[0], "an FPGA that doesn't answer is told")
        real.answer = lambda self, events: answer(self, events[:-3] if len(events) > 3 else events)
        ended, err = spoil(lambda d: None)
        ok(not ended and "didn't come back within 60 s" in err, "an end that got lost is told")
        ok(m.time.now > 60, "after waiting for it")
    finally:
        real.answer = answer
    ended, _ = spoil(lambda d: setattr(d, "clock", 2**32 - 50_000))
    ok("wrap" in ended, "a clock that would wrap is told")
    ok("didn't take" in ends(lambda: m.Board("nothere.bit"))[0], "a bit file that isn't there")
    samna.device.get_all_devices, kept = lambda: [], samna.device.get_all_devices
    ok("no DYNAP-SE2 board" in ends(lambda: m.Board(bit))[0], "no board")
    samna.device.get_all_devices = kept


def play(program, stimulus):
    import numpy

    m = load(program)
    open("board.bit", "w").close()
    check_schedule(numpy, m)
    check_trials(numpy, m, stimulus, "board.bit")
    check_trouble(m, stimulus, "board.bit")
    given = dict(numpy.load(stimulus))
    name = next(iter(m.INPUTS))
    given["input." + name] = given["input." + name][:, :, :1]
    numpy.savez("narrow.npz", **given)
    said, _ = ends(lambda: m.run("board.bit", "narrow.npz", None, "answer.npz"))
    ok(f"narrow.npz: input.{name} is" in said, "a stimulus of another shape is told")


def default(path):
    with open(path, "w") as f:
        f.write(se2.Dynapse2Configuration().to_json())


{"default": default, "text": text, "build": build, "play": play}[sys.argv[1]](*sys.argv[2:])
sys.exit(failed > 0)
