from . import device, dynapse2, graph, speck2e, speck2f
