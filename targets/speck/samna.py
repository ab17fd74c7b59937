#!/usr/bin/env python3
"""Builds a Speck configuration with samna, for a board or for the flash that the chip boots from.

    python3 PROGRAM --check               builds and validates it; needs no board
    python3 PROGRAM --flash OUT.bin       writes the vendor's flash image; needs no board
    python3 PROGRAM --stimulus S.npz      applies it to a board, plays S and records the answer

A stimulus is a .npz as `dyn export --stimulus` and `dyn run -o` write it: input.NAME is an array of
records (trial, t in microseconds, channel, y, x). The answer has that form too: LAYER.events. With
--record SECONDS instead of a stimulus the answer is what the sensor makes the network do.

What isn't set here stays as samna's SpeckConfiguration() has it. This program was tested against a
stand-in for samna, not on a chip.
"""
import argparse
import os
import sys
import time

import samna
@tables@

# ---- the configuration ---------------------------------------------------------------------------


def shaped(values, *shape):
    """A flat list as lists of lists: the last extent varies fastest."""
    if len(shape) == 1:
        return list(values)
    step = len(values) // shape[0]
    return [shaped(values[k * step : (k + 1) * step], *shape[1:]) for k in range(shape[0])]


def zeros(extent, *more):
    return [zeros(*more) if more else 0 for _ in range(extent)]


def build():
    """samna's default with what is said above."""
    config = speck.configuration.SpeckConfiguration()
    for core, set_up in CORES.items():
        set_up(config.cnn_layers[core])
    set_rest(config)
    return config


def validated():
    config = build()
    valid, message = speck.validate_configuration(config)
    if not valid:
        sys.exit(f"error: samna finds the configuration invalid: {message}")
    return config


# ---- the board -----------------------------------------------------------------------------------

LEAD = 1_000_000  # microseconds from starting the clock to a stimulus, which is written meanwhile
SETTLE = 1.0  # seconds after a configuration was applied
QUIET = 0.1  # seconds without a spike after which there are no more


class Board:
    def __init__(self, slow_clock):
        found = samna.device.get_unopened_devices()
        found = [d for d in found if d.device_type_name.startswith(BOARD)]
        if not found:
            sys.exit(f"error: no {BOARD} board is connected")
        self.device = samna.device.open_device(found[0])
        self.source = samna.graph.source_to(self.device.get_model_sink_node())
        self.sink = samna.graph.sink_from(self.device.get_model_source_node())
        if slow_clock:
            io = self.device.get_io_module()
            io.set_slow_clk(True)
            io.set_slow_clk_rate(slow_clock)

    def play(self, config, events, seconds):
        """One trial: what the chip sends in so many seconds, and then until it is quiet."""
        self.device.get_model().apply_configuration(config)
        time.sleep(SETTLE)
        self.sink.get_events()
        watch = self.device.get_stop_watch()
        watch.start(reset=True)
        self.source.write(events)
        time.sleep(LEAD * 1e-6 + seconds)
        answer = []
        while True:
            time.sleep(QUIET)
            more = self.sink.get_events()
            if not more:
                break
            answer += more
            if not events:
                break  # a sensor never is quiet
        watch.stop()
        return answer


# ---- stimulus and answer -------------------------------------------------------------------------


def event(where, t, channel, y, x):
    layer, pool_y, pool_x, shift = where
    if layer == DVS:
        return speck.event.DvsEvent(timestamp=t, p=channel, y=y, x=x)
    return speck.event.Spike(
        timestamp=t, layer=layer, feature=channel + shift, y=y // pool_y, x=x // pool_x
    )


def schedule(stimulus, trial):
    """All events of a trial in the order of time."""
    rows = []
    for name, records in stimulus.items():
        for r in records[records["trial"] == trial]:
            place = int(r["channel"]), int(r["y"]), int(r["x"])
            rows += [(int(r["t"]), where, place) for where in INPUTS[name]]
    rows.sort(key=lambda row: row[0])
    return [event(where, LEAD + t, *place) for t, where, place in rows]


def run(stimulus, seconds, slow_clock, output):
    import numpy

    config, board = validated(), Board(slow_clock)
    file = numpy.load(stimulus) if stimulus else {}
    inputs = {name: file["input." + name] for name in INPUTS} if stimulus else {}
    trials = 1 + max((int(r["trial"].max(initial=0)) for r in inputs.values()), default=0)
    spikes, other = {name: [] for name in LAYERS}, 0
    names = {core: name for name, core in LAYERS.items()}
    for trial in range(trials):
        events = schedule(inputs, trial)
        last = (events[-1].timestamp - LEAD) * 1e-6 if events else 0
        for e in board.play(config, events, max(last, seconds)):
            if type(e) is speck.event.Spike and e.layer in names:
                row = (trial, e.timestamp - LEAD, e.feature, e.y, e.x)
                spikes[names[e.layer]].append(row)
            else:
                other += 1
    samna.device.close_device(board.device)
    record = [("trial", "u4"), ("t", "i8"), ("channel", "u2"), ("y", "u2"), ("x", "u2")]
    result = {"input." + name: r for name, r in inputs.items()}
    for name, rows in spikes.items():
        result[name + ".events"] = numpy.array(rows, record)
        print(f"{name}: {len(rows)} spikes")
    if other:
        print(f"left out: {other} events of other kinds")
    numpy.savez(output, **result)


def main():
    beside = STIMULUS and os.path.join(os.path.dirname(os.path.abspath(__file__)), STIMULUS)
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--check", action="store_true", help="only build and validate")
    p.add_argument("--flash", help="a file for the vendor's flash image")
    p.add_argument("--stimulus", default=beside, help="a .npz (default: %(default)s)")
    p.add_argument("--record", type=float, default=0, help="seconds to listen at least")
    p.add_argument("--slow-clock", type=int, help="Hz, of the board's clock for leaks and readout")
    p.add_argument("-o", "--output", default="answer.npz", help="a .npz (default: %(default)s)")
    o = p.parse_args()
    if o.check:
        validated()
        print(f"{len(CORES)} cores: samna finds the configuration valid")
    elif o.flash:
        with open(o.flash, "wb") as f:
            f.write(bytes(speck.configuration_to_flash_binary(validated())))
    elif not o.stimulus and not o.record:
        p.error("a run needs --stimulus or --record")
    else:
        run(o.stimulus, o.record, o.slow_clock, o.output)


if __name__ == "__main__":
    main()
