"""The configuration, events and boards of Speck 2e and 2f: speck2e.py and speck2f.py make theirs.

Attributes, defaults and ranges are those of samna's public manual. Structures are parts of what
holds them, so that config.dvs_layer.pooling.x = 1 is seen; arrays must be assigned as a whole, as
numbers in nested lists.
"""
import types

from .dynapse2 import Object, boolean, checked, integer

FEATURES, CORES = 1024, 9


def one_of(*values):
    return checked(lambda x: type(x) is int and x in values)


def depth(x):
    return 1 + max(map(depth, x)) if type(x) is list and x else 0


def flat(x):
    return [e for part in x for e in flat(part)] if type(x) is list else [x]


def tensor(rank, bits):
    def valid(x):
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        return depth(x) == rank and all(type(e) is int and low <= e <= high for e in flat(x))

    return checked(valid)


def extents(x):
    """Of nested lists; None where they are ragged."""
    if type(x) is not list:
        return []
    inside = [extents(e) for e in x]
    even = None not in inside and all(e == inside[0] for e in inside)
    return [len(x)] + inside[0] if even else None


def structure(name, parts=(), **fields):
    """A class with attributes that are other structures (read only) and checked fields, each
    (attribute, default)."""

    def init(self):
        Object.__init__(self, **{key: default for key, (_, default) in fields.items()})
        for part, make in dict(parts).items():
            setattr(self, "_" + part, make())

    body = {"__slots__": ["_" + part for part in dict(parts)], "__init__": init}
    for part in dict(parts):
        body[part] = property(lambda self, at="_" + part: getattr(self, at))
    for key, (attribute, _) in fields.items():
        body[key] = attribute
    return type(name, (Object,), body)


def vec2(kind, x, y):
    return structure("Vec2", x=(kind(), x), y=(kind(), y))


def switch(default=False):
    return boolean(), default


def number(low, high, default=0):
    return integer(low, high), default


def configuration_classes(is_2f):
    pixel = lambda x: vec2(lambda: integer(0, 127), x, x)
    pools = vec2(lambda: one_of(1, 2, 4), 1, 1)
    core = (one_of(*range(9), 12), 0)
    shape = structure(
        "IOShape",
        {"size": vec2(lambda: integer(1, 128), 1, 1)},
        feature_count=number(1, FEATURES, 1),
    )
    dimensions = structure(
        "CnnLayerDimensions",
        {
            "input_shape": shape,
            "output_shape": shape,
            "padding": vec2(lambda: integer(0, 7), 0, 0),
            "stride": vec2(lambda: one_of(1, 2, 4, 8), 1, 1),
        },
        kernel_size=number(1, 16, 1),
    )
    destination = structure(
        "CnnLayerDestination",
        enable=switch(),
        layer=core,
        pooling=(one_of(1, 2, 4), 1),
        feature_shift=number(0, 1023),
    )
    layer = structure(
        "CnnLayerConfig",
        {"dimensions": dimensions, "destinations": lambda: (destination(), destination())},
        weights=(tensor(4, 8), [[[[0]]]]),
        biases=(tensor(1, 16), [0]),
        neurons_initial_value=(tensor(3, 16), [[[0]]]),
        leak_enable=switch(),
        leak_internal_slow_clk_enable=switch(),
        return_to_zero=switch(),
        threshold_high=number(0, 32767),
        threshold_low=number(-32768, -1, -1),
        monitor_enable=switch(),
        input_congestion_balancer_enable=switch(),
        output_decimator_enable=switch(),
        output_decimator_interval=number(0, 7),
    )
    dvs_destination = structure("DvsLayerDestination", enable=switch(), layer=core)
    dvs_layer = structure(
        "DvsLayerConfig",
        {
            "cut": pixel(127),
            "origin": pixel(0),
            "destinations": lambda: (dvs_destination(), dvs_destination()),
            "mirror": vec2(boolean, not is_2f, False),
            "pooling": pools,
        },
        merge=switch(),
        mirror_diagonal=switch(not is_2f),
        monitor_enable=(PassesSensorEvents(), False),
        raw_monitor_enable=(PassesSensorEvents(), False),
        on_channel=switch(True),
        off_channel=switch(True),
        pass_sensor_events=switch(not is_2f),
    )
    modes = {"low_pass_mode_enable": switch()} if is_2f else {}
    dvs_filter = structure(
        "DvsFilterConfig",
        {"filter_size": vec2(lambda: integer(0, 128), 1, 1)},
        enable=switch(),
        hot_pixel_filter_enable=switch(True),
        internal_slow_clk=switch(),
        threshold=number(0, 65535, 5),
        **modes,
    )
    readout = structure(
        "ReadoutConfig",
        enable=switch(),
        internal_slow_clk=switch(),
        low_pass_filter32_not16=switch(),
        low_pass_filter_disable=switch(),
        monitor_enable=switch(),
        override_threshold_max=switch(),
        readout_pin_monitor_enable=switch(),
        output_mode_sel=number(0, 3),
        output_neuron_num=number(0, 15),
        readout_configuration_sel=number(0, 3),
        threshold=number(0, 65535),
    )
    factory = structure(
        "FactoryConfig",
        internal_slow_clk_divider=number(14, 17, 17),
        monitor_dual_channel=switch(),
    )
    empty = structure("DebugConfig")
    parts = {
        "cnn_layers": lambda: tuple(layer() for _ in range(CORES)),
        "dvs_layer": dvs_layer,
        "dvs_filter": dvs_filter,
        "readout": readout,
        "factory_config": factory,
        "debug_config": empty,
    }
    if not is_2f:
        parts["rgb_config"] = structure("RGBConfig")
    return structure("SpeckConfiguration", parts)


class PassesSensorEvents:
    """A monitor of the sensor: switching it on lets sensor events pass."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, o, owner=None):
        return o.values[self.name]

    def __set__(self, o, value):
        if type(value) is not bool:
            raise TypeError(f"{self.name} can't be {value!r}")
        o.values[self.name] = value
        if value:
            o.values["pass_sensor_events"] = True


def wrong_layer(l):
    """What samna's validation is known to look at."""
    d = l.dimensions
    size, out, k = d.input_shape.size, d.output_shape, d.kernel_size
    if extents(l.weights) != [out.feature_count, d.input_shape.feature_count, k, k]:
        return "weights don't match the dimensions"
    if extents(l.biases) != [out.feature_count]:
        return "biases don't match the dimensions"
    if extents(l.neurons_initial_value) != [out.feature_count, out.size.x, out.size.y]:
        return "neurons_initial_value doesn't match the dimensions"
    for axis in "xy":
        padded = getattr(size, axis) + 2 * getattr(d.padding, axis)
        if (padded - k) // getattr(d.stride, axis) + 1 != getattr(out.size, axis):
            return f"output size {axis} doesn't follow from the input"
    if max(out.size.x, out.size.y) > 64:
        return "output too large"
    return ""


class Relay:
    """Not a chip: an event to a core makes one event of the core, 5 microseconds later."""

    def __init__(self, event):
        self.event = event
        self.applied, self.written, self.queue = [], [], []
        self.running, self.slow_clock, self.open = False, None, True
        Relay.latest = self

    def get_model(self):
        return types.SimpleNamespace(apply_configuration=self.apply_configuration)

    def apply_configuration(self, config):
        assert self.open
        self.applied.append(config)
        return True

    def get_model_sink_node(self):
        return self

    def get_model_source_node(self):
        return self

    def get_stop_watch(self):
        return types.SimpleNamespace(start=self.start, stop=self.stop)

    def start(self, reset=False):
        assert reset
        self.running = True

    def stop(self):
        self.running = False

    def get_io_module(self):
        return self

    def set_slow_clk(self, on):
        self.slow_clock = on

    def set_slow_clk_rate(self, hz):
        assert self.slow_clock is True
        self.slow_clock = hz

    def write(self, events):
        assert self.open and self.running and self.applied
        layers = self.applied[-1].cnn_layers
        self.written.append(events)
        last = 0
        for e in events:
            assert e.timestamp >= last
            last = e.timestamp
            cores = [e.layer] if type(e) is self.event.Spike else self.dvs_cores()
            feature = e.feature if type(e) is self.event.Spike else e.p
            for core in cores:
                if core < CORES and layers[core].monitor_enable:
                    out = layers[core].dimensions.output_shape
                    self.queue.append(
                        self.event.Spike(
                            layer=core,
                            feature=feature % out.feature_count,
                            x=e.x % out.size.x,
                            y=e.y % out.size.y,
                            timestamp=e.timestamp + 5,
                        )
                    )

    def dvs_cores(self):
        return [d.layer for d in self.applied[-1].dvs_layer.destinations if d.enable]

    def get_events(self):
        queue, self.queue = self.queue[:1000], self.queue[1000:]
        return queue


def event_class(name, **ranges):
    def init(self, **values):
        Object.__init__(self, **{key: 0 for key in ranges})
        for key, value in values.items():
            setattr(self, key, value)

    body = {key: integer(0, high) for key, high in ranges.items()}
    return type(name, (Object,), {"__slots__": [], "__init__": init, **body})


def module(name):
    """What samna.speck2e or samna.speck2f holds."""
    is_2f = name == "speck2f"
    configuration = types.SimpleNamespace(SpeckConfiguration=configuration_classes(is_2f))
    time = 2**32 - 1
    event = types.SimpleNamespace(
        Spike=event_class("Spike", layer=13, feature=1023, x=127, y=127, timestamp=time),
        DvsEvent=event_class("DvsEvent", p=1, x=127, y=127, timestamp=time),
    )

    def validate_configuration(config):
        assert type(config) is configuration.SpeckConfiguration
        for core, layer in enumerate(config.cnn_layers):
            wrong = wrong_layer(layer)
            if wrong:
                return False, f"layer {core}: {wrong}"
        return True, ""

    def configuration_to_flash_binary(config):
        assert type(config) is configuration.SpeckConfiguration
        return [0] * (354 * 1024)

    return {
        "configuration": configuration,
        "event": event,
        "validate_configuration": validate_configuration,
        "configuration_to_flash_binary": configuration_to_flash_binary,
    }
