#!/usr/bin/env python3
"""Configures a DYNAP-SE2 board with samna, streams a stimulus in and records the answer.

    python3 PROGRAM --check                       builds the configuration; needs no board
    python3 PROGRAM --bitfile Dynapse2Stack.bit   runs; needs numpy and a board

A stimulus is a .npz as `dyn export --stimulus` and `dyn run -o` write it: input.NAME has the counts
[trials, steps, channels]. The answer has that form too: LAYER.spikes [trials, steps, neurons],
input.NAME, dt; and LAYER.events, a record (trial, t in microseconds, channel) for each spike.

What isn't in the tables stays as samna's Dynapse2Configuration() has it. This program was tested
against a stand-in for samna, not on a chip.
"""
import argparse
import os
import sys
import time

import samna
import samna.dynapse2 as se2

@tables@

# ---- the configuration ---------------------------------------------------------------------------


def bits(text):
    """"1101" to [True, True, False, True]."""
    return [c == "1" for c in text]


def synapse(tag, dendrite, weight):
    s = se2.Dynapse2Synapse()
    s.tag = tag
    s.dendrite = getattr(se2.Dendrite, dendrite)
    s.weight = bits(weight)
    return s


def destination(tag, cores, x_hop, y_hop):
    d = se2.Dynapse2Destination()
    d.tag = tag
    d.core = bits(cores)
    d.x_hop = x_hop
    d.y_hop = y_hop
    return d


def set_codes(parameters, codes):
    for name, (coarse, fine) in codes.items():
        parameters[name].coarse_value = coarse
        parameters[name].fine_value = fine


def build():
    """samna's default with what the tables say."""
    config = se2.Dynapse2Configuration()
    for (chip, core), codes in BIASES.items():
        set_codes(config.chips[chip].cores[core].parameters, codes)
    for (chip, name), codes in SHARED.items():
        set_codes(getattr(config.chips[chip], name), codes)
    for (chip, core, index), (latches, cam, sram) in NEURONS.items():
        neuron = config.chips[chip].cores[core].neurons[index]
        for name in LATCHES:
            setattr(neuron, "latch_" + name, name in latches)
        synapses = [se2.Dynapse2Synapse() for _ in range(64)]
        for slot, *entry in cam:
            synapses[slot] = synapse(*entry)
        neuron.synapses = synapses
        destinations = [se2.Dynapse2Destination() for _ in range(4)]
        for slot, *entry in sram:
            destinations[slot] = destination(*entry)
        neuron.destinations = destinations
    return config


def silent():
    """samna's default with the largest leaks: discharges every neuron. There is no other reset."""
    leaks = ["SOIF_LEAK_N", "DEAM_ETAU_P", "DEGA_ITAU_P", "DENM_ETAU_P", "DESC_ITAU_P"]
    config = se2.Dynapse2Configuration()
    for chip in config.chips:
        for core in chip.cores:
            set_codes(core.parameters, {name: (5, 255) for name in leaks})
    return config


# ---- the board -----------------------------------------------------------------------------------

HOST = (-7, -7)  # hops to the FPGA, which is west of chip 0 and counts in microseconds
CONTROL = (2047, "1111", *HOST)  # an event that the FPGA sends back at once
LEAD = 100_000  # microseconds from writing a stimulus to its first step


def event(microseconds, where):
    e = se2.NormalGridEvent()
    e.event = destination(*where)
    e.timestamp = microseconds
    return e


class Board:
    def __init__(self, bitfile):
        found = samna.device.get_all_devices()
        found = [d for d in found if "DYNAP-SE2" in d.device_type_name.upper()]
        if not found:
            sys.exit("error: no DYNAP-SE2 board is connected")
        self.device = samna.device.open_device(found[0])
        if not self.device.configure_opal_kelly(bitfile):
            sys.exit(f"error: the board's FPGA didn't take {bitfile}")
        self.model = self.device.get_model()
        self.clock = 0  # the latest time that the FPGA told
        self.apply(silent())

    def apply(self, config):
        self.model.clear_error_queue()
        self.model.apply_configuration(config)

    def read(self, seconds, mark):
        """Spikes as (microseconds, x hop, tag), until a control event of time `mark` or later is
        back (then True) or for so many seconds."""
        spikes, done, stop = [], False, time.monotonic() + seconds
        while not done and time.monotonic() < stop:
            for e in self.device.read_events():
                if (e.event.tag, e.event.x_hop, e.event.y_hop) != (2047, -6, -7):
                    spikes.append((e.timestamp, e.event.x_hop, e.event.tag))
                elif e.timestamp >= mark:
                    self.clock, done = e.timestamp, True
            time.sleep(0.001)
        return spikes, done

    def now(self):
        # Control events go in threes, since one may be lost; a late one is no answer.
        self.device.input_interface_write_events(0, [event(0, CONTROL)] * 3)
        if not self.read(20, self.clock + 1000)[1]:
            sys.exit("error: the FPGA didn't answer within 20 s")
        return self.clock

    def play(self, config, events, duration):
        """One trial of (microseconds, destination); its spikes as (microseconds, x hop, tag)."""
        self.apply(config)
        start = self.now() + LEAD
        end = start + duration
        if end >= 2**32:
            sys.exit("error: the FPGA's clock would wrap during the trial: open the board anew")
        self.device.grid_bus_write_events(
            [event(start + t, where) for t, where in events] + [event(end, CONTROL)] * 3
        )
        spikes, done = self.read((LEAD + duration) * 1e-6, end)
        self.apply(silent())
        if not done:
            late, done = self.read(60, end)
            spikes += late
        if not done:
            print("warning: the end of a trial didn't come back within 60 s", file=sys.stderr)
        return [(t - start, x_hop, tag) for t, x_hop, tag in spikes]


# ---- stimulus and answer -------------------------------------------------------------------------


def edge(step):
    """When a step begins, in microseconds."""
    return round(step * DT * 1e6)


def schedule(counts, steps):
    """(microseconds, destination) of every event of a trial; counts[input][step, channel].

    An event has a microsecond of its own. Those of one channel are spread over their step, or the
    synapse would take them for one.
    """
    wanted = [[] for _ in range(steps)]
    for name, raster in counts.items():
        for step, channel in zip(*raster.nonzero()):
            begin, length, n = edge(step), edge(step + 1) - edge(step), int(raster[step, channel])
            wanted[step] += [(begin + k * length // n, name, channel) for k in range(n)]
    events = []
    for step, of_step in enumerate(wanted):
        if len(of_step) > edge(step + 1) - edge(step):
            sys.exit(f"error: step {step} has more events than microseconds: {len(of_step)}")
        t = edge(step) - 1
        for when, name, channel in sorted(of_step):
            t = max(t + 1, when)
            events += [(t, where) for where in INPUTS[name][channel]]
    return events


def senders():
    """{(x hop, tag): (layer, neuron)}: a spike starts with the host's hops and gains one for each
    chip on its way west, so that its x hop tells chips apart."""
    table = {}
    for layer, (_, neurons) in LAYERS.items():
        for n, at in enumerate(neurons):
            for _, tag, cores, *hops in NEURONS[at][2]:
                if tuple(hops) == HOST and "1" in cores:
                    table.setdefault((HOST[0] + 1 + at[0] % COLUMNS, tag), (layer, n))
                    break
    return table


def load(numpy, path, steps):
    """{input: counts [trials, steps, channels]}, trials, steps."""
    file = numpy.load(path) if INPUTS else None
    counts = {name: file["input." + name] for name in INPUTS}
    trials, steps = next((x.shape[:2] for x in counts.values()), (1, steps))
    for name, x in counts.items():
        if x.shape[:2] != (trials, steps) or x[0, 0].size != len(INPUTS[name]):
            want = f"[{trials}, {steps}, {len(INPUTS[name])}]"
            sys.exit(f"error: {path}: input.{name} is {list(x.shape)}, not {want}")
    return counts, trials, steps


def run(bitfile, stimulus, steps, output):
    import numpy

    inputs, trials, steps = load(numpy, stimulus, steps)
    flat = {name: x.reshape(trials, steps, -1) for name, x in inputs.items()}
    plays = [schedule({name: x[k] for name, x in flat.items()}, steps) for k in range(trials)]
    edges = numpy.array([edge(step) for step in range(steps + 1)])
    counts = {name: numpy.zeros((trials, steps, len(at)), int) for name, (_, at) in LAYERS.items()}
    spikes = {name: [] for name in LAYERS}
    board, config, sender = Board(bitfile), build(), senders()
    outside = unknown = 0
    for trial, events in enumerate(plays):
        for t, x_hop, tag in board.play(config, events, edge(steps)):
            if (x_hop, tag) not in sender:
                unknown += 1
            elif not 0 <= t < edge(steps):
                outside += 1
            else:
                layer, n = sender[x_hop, tag]
                counts[layer][trial, numpy.searchsorted(edges, t, "right") - 1, n] += 1
                spikes[layer].append((trial, t, n))
    samna.device.close_device(board.device)
    result = {"input." + name: x for name, x in inputs.items()}
    for layer, (shape, _) in LAYERS.items():
        kind = numpy.uint8 if counts[layer].max() < 256 else numpy.uint32
        result[layer + ".spikes"] = counts[layer].astype(kind).reshape(trials, steps, *shape)
        record = [("trial", "u4"), ("t", "i8"), ("channel", "u4")]
        result[layer + ".events"] = numpy.array(spikes[layer], record)
        print(f"{layer}: {counts[layer].sum()} spikes")
    if outside or unknown:
        print(f"left out: {outside} spikes before or after a trial, {unknown} of unknown origin")
    numpy.savez(output, dt=DT, **result)


def main():
    beside = STIMULUS and os.path.join(os.path.dirname(os.path.abspath(__file__)), STIMULUS)
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--check", action="store_true", help="only build the configuration")
    p.add_argument("--bitfile", help="of the board's FPGA: Dynapse2Stack.bit")
    p.add_argument("--stimulus", default=beside, help="a .npz (default: %(default)s)")
    p.add_argument("--steps", type=int, help="of a trial, for a network without inputs")
    p.add_argument("-o", "--output", default="answer.npz", help="a .npz (default: %(default)s)")
    o = p.parse_args()
    if o.check:
        build()
        print(f"{len(NEURONS)} neurons: the configuration can be built")
    elif not o.bitfile or not (o.stimulus if INPUTS else o.steps):
        p.error(f"a run needs --bitfile and --{'stimulus' if INPUTS else 'steps'}")
    else:
        run(o.bitfile, o.stimulus, o.steps, o.output)


if __name__ == "__main__":
    main()
