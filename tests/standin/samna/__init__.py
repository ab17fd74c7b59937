from . import device, dynapse2
