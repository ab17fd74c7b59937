"""What a run of stdlib/pictures/NAME.dyn must show: motifs.py NAME RUN.npz; exit 0 if it does.

Prints what was measured. Numbers are wide of what is measured today, so that they hold for the
virtual chip too, whose weights have four bits."""
import sys

import numpy as np

run = np.load(sys.argv[2])
good = True


def spikes(layer):
    return run[layer + ".spikes"][0].astype(int)


def want(what, value, low, high):
    global good
    ok = bool(low <= value <= high)
    good = good and ok
    print("%s%s: %g, wanted %g to %g" % ("" if ok else "WRONG ", what, value, low, high))


def winner_take_all():
    unit = spikes("wta.exc").reshape(1500, 3, 8).sum(2)

    def share(of, begin, end):
        return unit[begin:end, of].sum() / unit[begin:end].sum()

    want("the cued unit wins", share(0, 300, 400), 0.9, 1)
    want("it stays when inputs are equal", share(0, 400, 800), 0.9, 1)
    want("and goes on firing", unit[600:800, 0].sum(), 10, 100)
    want("another cue takes over", share(1, 900, 1000), 0.6, 1)
    want("and stays", share(1, 1000, 1500), 0.8, 1)
    want("the third one never has a chance", share(2, 300, 1500), 0, 0.05)


def ring_attractor():
    cell = spikes("ring.exc")

    def bump(begin, end):
        z = cell[begin:end].sum(0) @ np.exp(2j * np.pi * np.arange(64) / 64)
        return np.angle(z) / 2 / np.pi * 64 % 64, abs(z) / cell[begin:end].sum()

    want("the bump is where the cue was, 400 ms later", bump(600, 700)[0], 13, 19)
    want("as narrow as one", bump(300, 700)[1], 0.7, 1)
    want("it goes on firing", cell[600:700].sum(), 8, 60)
    want("it follows the cue", bump(1050, 1150)[0], 25, 38)
    steps = [bump(t, t + 100)[0] for t in range(700, 1100, 100)]
    want("step by step", min(np.diff(steps)), 0.5, 12)
    want("and stays where it was taken", bump(1300, 1500)[0], 25, 40)
    want("as narrow as before", bump(1200, 1500)[1], 0.7, 1)


def synfire_chain():
    group = spikes("chain.chain").reshape(3, 400, 10, 16)
    for volley, first in enumerate((16, 8, 4)):
        count = group[volley].sum((0, 2))
        want("volley of %d: the first group" % first, count[0], first, first)
        if first == 4:
            want("it dies out", count[1:].sum(), 0, 0)
            continue
        want("it travels and is made whole", count[1:].min(), 16, 16)
        at = [np.nonzero(group[volley][:, g].sum(1))[0] for g in range(10)]
        want("each group together", max(t.max() - t.min() for t in at[1:]), 0, 2)
        lag = np.diff([t.mean() for t in at])[1:]
        want("at one speed", lag.max() - lag.min(), 0, 2)


def balanced():
    exc, inh = spikes("net.exc")[1000:], spikes("net.inh")[1000:]
    seconds = len(exc) * 1e-4
    rate = exc.sum() / 400 / seconds, inh.sum() / 100 / seconds
    want("excitatory neurons fire at", rate[0], 5, 40)
    want("inhibitory ones at", rate[1], 5, 40)
    cv = []
    for i in range(400):
        gaps = np.diff(np.nonzero(exc[:, i])[0])
        if len(gaps) >= 5:
            cv.append(gaps.std() / gaps.mean())
    want("neurons that are looked at", len(cv), 350, 400)
    want("CV of intervals", np.mean(cv), 0.8, 1.2)
    bins = exc.reshape(-1, 100, 400).sum(1).astype(float)
    c = np.corrcoef(bins[:, bins.std(0) > 0].T)
    want("correlation of pairs", (c.sum() - len(c)) / len(c) / (len(c) - 1), -0.05, 0.1)
    # Of a neuron, in thresholds: what comes in during the membrane's 20 ms.
    excited = 0.02 * 0.1 * (600 + 40 * rate[0])
    inhibited = 0.02 * 0.1 * 8 * 10 * rate[1]
    want("excitation alone is far above the threshold", excited, 1.8, 6)
    want("what is left of it is below", excited - inhibited, -0.5, 1)


def half_centers():
    side = np.array([spikes("cpg.left").sum(1), spikes("cpg.right").sum(1)]).reshape(2, 50, 100).sum(2)
    left, right = side[:, 10:]
    smooth = np.convolve(left - right, np.ones(3), "valid")
    want("they fire in turns: correlation", np.corrcoef(left, right)[0, 1], -1, -0.3)
    turns = np.nonzero((smooth[:-1] <= 0) & (smooth[1:] > 0))[0]
    period = np.diff(turns) * 0.1
    want("periods", len(period), 3, 6)
    want("their mean / s", period.mean(), 0.6, 1.2)
    want("and how they differ", period.std() / period.mean(), 0, 0.15)
    want("the shares of both", left.sum() / (left + right).sum(), 0.4, 0.6)
    want("both at once", np.minimum(left, right).sum() / np.maximum(left, right).sum(), 0, 0.25)


def disinhibition():
    guard, relay = spikes("gate.guard").sum(1), spikes("gate.relay").sum(1)
    want("the guard fires by itself", guard[100:300].sum(), 30, 100)
    want("then little passes", relay[100:300].sum(), 0, 3)
    want("held, it is silent", guard[370:600].sum(), 0, 0)
    want("and the input passes", relay[400:600].sum(), 20, 100)
    want("it fires again", guard[700:1000].sum(), 50, 150)
    want("and shuts the gate", relay[800:1000].sum(), 0, 3)


def delay_line():
    for k, column in enumerate(spikes("line.stage").T):
        want("stage %d" % k, list(np.nonzero(column)[0]) == [t + 10 * k for t in (5, 60, 63)], 1, 1)


def dpi4():
    def between(layer, begin, end):
        return spikes(layer)[begin:end].sum()

    want("dpi takes no notice of inhibition", between("with_dpi", 100, 200), 3, 4)
    want("GABA remembers", between("gaba", 120, 190), 0, 0)
    want("and forgets", between("gaba", 190, 400), 7, 9)
    want("NMDA adds spikes", between("nmda", 100, 400) - between("with_dpi", 100, 400), 2, 10)
    want("shunt takes them", between("shunt", 100, 180), 0, 0)
    want("adaptation halves the rate", spikes("tired").sum() / spikes("with_dpi").sum(), 0.4, 0.6)


globals()[sys.argv[1]]()
sys.exit(0 if good else 1)
