"""Runs the benchmark's networks in those simulators that this Python has: rockpool, brian2.

Each argument is a folder that python.c has written: network.json, weights.f32 [channels, neurons],
events.i8 [trials, steps] (the channel that has an event, or -1). For each folder and simulator a line
comes out: index of the folder, simulator, its version, seconds, spikes of all neurons, separated by
tabs. The seconds are the median of three runs of a network that is built and compiled.
"""

import importlib.metadata
import importlib.util
import json
import os
import sys
import time

TIMES = 3


def median_time(run):
    """Median of the seconds that run() gives, after one that doesn't count; and its spikes."""
    run()
    results = [run() for _ in range(TIMES)]
    return sorted(seconds for seconds, _ in results)[TIMES // 2], results[0][1]


def now():
    """Of this process alone: what others take away doesn't count."""
    return time.process_time()


class Network:
    def __init__(self, folder):
        import numpy as np

        with open(os.path.join(folder, "network.json"), encoding="utf-8") as f:
            x = json.load(f)
        self.n, self.trials, self.steps = x["neurons"], x["trials"], x["steps"]
        self.channels, self.dt, self.values = x["channels"], x["dt"], x["values"]
        self.weights = np.fromfile(os.path.join(folder, "weights.f32"), "<f4").reshape(-1, self.n)
        self.events = np.fromfile(os.path.join(folder, "events.i8"), "i1").reshape(self.trials, -1)


def rockpool(network):
    """DynapSim: the same model, whose step JAX compiles; the input's weights are a product."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import inspect

    import jax
    import jax.numpy as jnp
    import numpy as np
    from rockpool.devices.dynapse.simulation.dynapsim import DynapSim

    takes = inspect.signature(DynapSim.__init__).parameters
    given = {k: v for k, v in network.values.items() if k in takes}
    layer = DynapSim(network.n, has_rec=False, dt=network.dt, **given)
    raster = np.zeros((network.trials, network.steps, network.channels), np.float32)
    trial, step = np.nonzero(network.events >= 0)
    raster[trial, step, network.events[trial, step]] = 1
    raster, weights = jnp.asarray(raster), jnp.asarray(network.weights)
    # Totals, so that XLA needn't keep all spikes.
    step_all = jax.jit(lambda r, w: layer.evolve(r @ w, record=False)[0].sum((1, 2)))

    def run():
        begin = now()
        totals = np.asarray(step_all(raster, weights), np.float64)
        return now() - begin, int(totals.sum())

    return median_time(run)


def brian2(network):
    """The step of `dpi` as code of a NeuronGroup, float32, compiled with Cython where it is there;
    trials lie side by side."""
    import brian2 as b
    import numpy as np

    b.BrianLogger.suppress_name("brian2")
    b.prefs.core.default_float_dtype = np.float32
    b.start_scope()
    n, trials, channels = network.n, network.trials, network.channels
    dt = network.dt * b.second
    # Brian's clock is `dt` in its code; the names of the model stand for plain numbers here.
    values = {k: v for k, v in network.values.items() if k != "dt"}
    values["step"] = network.dt
    states = "iahp imem isyn vmem timer_ref drive count total".split()
    group = b.NeuronGroup(
        n * trials,
        "\n".join(f"{s} : 1" for s in states),
        threshold="count > 0",
        reset="",
        namespace=values,
    )
    group.run_regularly(
        """
        isyn = f_dis * isyn + f_ch * clip(igs / its * (drive * Iscale), Io, 1)
        iahp = clip(fa_dis * iahp + fa_ch * (iga / ita * (Iw_ahp * count)), Io, 1)
        feedback = Io * exp(kp * (vmem / Ut))
        leak = itm + iahp
        current = clip((isyn - leak + Idc) * int(timer_ref == 0), Io, 1)
        target = igm / itm * (current - leak)
        swing = feedback / leak * (imem + igm)
        slope = imem / (u * C_mem / leak * (imem + igm)) * (target + swing - imem * (1 + iahp / itm))
        imem = clip(imem + slope * step, Io, inf)
        vmem = u * log(imem / Io)
        count = clip(ceil(log(imem / Ispkthr)), 0, inf)
        total = total + count
        fired = int(count > 0)
        imem = (1 - fired) * imem + fired * Io
        timer_ref = (1 - fired) * clip(timer_ref - step, 0, inf) + fired * refractory
        drive = 0
        """,
        dt=dt,
        when="end",  # after the events of this step
    )
    group.iahp = group.imem = group.isyn = values["Io"]
    trial, step = np.nonzero(network.events >= 0)
    channel = trial * channels + network.events[trial, step]
    order = np.lexsort((channel, step))
    source = b.SpikeGeneratorGroup(channels * trials, channel[order], step[order] * dt, dt=dt)
    synapses = b.Synapses(source, group, "w : 1", on_pre="drive_post += w", dt=dt)
    pre = np.repeat(np.arange(channels * trials), n)
    post = pre // channels * n + np.tile(np.arange(n), channels * trials)
    synapses.connect(i=pre, j=post)
    synapses.w = network.weights[pre % channels, post % n]
    ticks = []
    clock = b.NetworkOperation(lambda: ticks.append(now()), dt=dt, when="start")
    net = b.Network(group, source, synapses, clock)
    b.defaultclock.dt = dt
    net.store()

    def run():
        """Brian makes its code anew for each run, so the time is that from step to step."""
        net.restore()
        ticks.clear()
        net.run(network.steps * dt)
        seconds = (ticks[-1] - ticks[0]) / (len(ticks) - 1) * network.steps
        return seconds, int(np.asarray(group.total, np.float64).sum())

    return median_time(run)


def main():
    there = [f for f in (rockpool, brian2) if importlib.util.find_spec(f.__name__)]
    if not there:
        return
    out = os.fdopen(os.dup(1), "w")  # simulators may print what they like
    os.dup2(2, 1)
    for i, folder in enumerate(sys.argv[1:]):
        for simulate in there:
            try:
                seconds, spikes = simulate(Network(folder))
            except Exception as e:  # of a version that this isn't written for
                print(f"{simulate.__name__}: {type(e).__name__}: {e}", file=sys.stderr)
                continue
            version = importlib.metadata.version(simulate.__name__)
            print(i, simulate.__name__, version, seconds, spikes, sep="\t", file=out, flush=True)


if __name__ == "__main__":
    main()
