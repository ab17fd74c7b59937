"""Spikes of each neuron in each interval: intervals.py FILE.npz LAYER MILLISECONDS"""
import sys

import numpy

events = numpy.load(sys.argv[1])[sys.argv[2] + ".events"]
width = int(float(sys.argv[3]) * 1000)  # microseconds
last = int(events["t"].max()) // width
for interval in range(last + 1):
    counts = numpy.bincount(events["channel"][events["t"] // width == interval], minlength=2)
    print(f"{interval * width // 1000} ms", *counts, "all", counts.sum())
