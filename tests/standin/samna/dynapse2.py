"""The configuration, events and the board of DYNAP-SE2."""
import enum
import json
import os

CHIPS = int(os.environ.get("SAMNA_CHIPS", 4))
NEURONS = int(os.environ.get("SAMNA_NEURONS", 256))
CORES, CAM, SRAM = 4, 64, 4


class Dendrite(enum.Enum):
    none = 0
    ampa = 1024
    gaba = 512
    nmda = 256
    shunt = 128


# ---- attributes that check what they are given ---------------------------------------------------


def checked(valid, read=lambda x: x):
    """An attribute that refuses what isn't valid; reading gives `read` of the value."""

    class Attribute:
        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, o, owner=None):
            return read(o.values[self.name])

        def __set__(self, o, value):
            if not valid(value):
                raise TypeError(f"{type(o).__name__}.{self.name} can't be {value!r}")
            o.values[self.name] = read(value)

    return Attribute()


def integer(low, high):
    return checked(lambda x: type(x) is int and low <= x <= high)


def boolean():
    return checked(lambda x: type(x) is bool)


def array(kind, n):
    return checked(lambda x: type(x) is list and [type(e) for e in x] == [kind] * n, list)


class Object:
    __slots__ = ("values",)

    def __init__(self, **values):
        self.values = values


class Dynapse2Synapse(Object):
    __slots__ = ()
    dendrite = checked(lambda x: type(x) is Dendrite)
    stp = boolean()
    weight = array(bool, 4)
    precise_delay = boolean()
    mismatched_delay = boolean()
    tag = integer(0, 2047)

    def __init__(self):
        super().__init__(
            dendrite=Dendrite.none,
            stp=False,
            weight=[False] * 4,
            precise_delay=False,
            mismatched_delay=False,
            tag=0,
        )


class Dynapse2Destination(Object):
    __slots__ = ()
    core = array(bool, 4)
    x_hop = integer(-7, 7)
    y_hop = integer(-7, 7)
    tag = integer(0, 2047)

    def __init__(self):
        super().__init__(core=[False] * 4, x_hop=0, y_hop=0, tag=0)


class NormalGridEvent(Object):
    __slots__ = ()
    event = checked(lambda x: type(x) is Dynapse2Destination)
    timestamp = integer(0, 2**32 - 1)

    def __init__(self):
        super().__init__(event=Dynapse2Destination(), timestamp=0)


LATCHES = """so_dc so_adaptation soif_kill coho_ca_mem ho_enable ho_so_de deam_ampa denm_nmda
de_conductance deam_alpha denm_alpha de_mux soif_type ho_active""".split()


class Dynapse2Neuron(Object):
    """Lists are made when they are asked for: a board has 262144 synapses."""

    __slots__ = ("_synapses", "_destinations")
    for name in LATCHES:
        locals()["latch_" + name] = boolean()

    def __init__(self, index):
        super().__init__(**{"latch_" + name: False for name in LATCHES})
        self.latch_soif_kill = index % 2 == 1
        self._synapses = self._destinations = None

    @property
    def synapses(self):
        return list(self._synapses or [Dynapse2Synapse() for _ in range(CAM)])

    @synapses.setter
    def synapses(self, value):
        assert type(value) is list and [type(x) for x in value] == [Dynapse2Synapse] * CAM
        self._synapses = list(value)

    @property
    def destinations(self):
        return list(self._destinations or [Dynapse2Destination() for _ in range(SRAM)])

    @destinations.setter
    def destinations(self, value):
        assert type(value) is list and [type(x) for x in value] == [Dynapse2Destination] * SRAM
        self._destinations = list(value)


class Dynapse2Parameter(Object):
    __slots__ = ()
    coarse_value = integer(0, 5)
    fine_value = integer(0, 255)

    def __init__(self, name, address):
        super().__init__(
            type=name[-1],
            coarse_value=address % 6,
            fine_value=address % 251,
            _address=address << 40,
            _cookie=2**63 + address,
        )


PARAMETERS = """SOIF_GAIN_N SOIF_LEAK_N SOIF_REFR_N SOIF_DC_P SOIF_SPKTHR_P SOIF_CC_N SOAD_PWTAU_N
SOAD_GAIN_P SOAD_TAU_P SOAD_W_N SOAD_CASC_P SOCA_W_N SOCA_GAIN_P SOCA_TAU_P SOHO_VB_P SOHO_VH_P
SOHO_VREF_P SOHO_VREF_L_P SOHO_VREF_H_P SOHO_VREF_M_P DEAM_ETAU_P DEAM_EGAIN_P DEAM_ITAU_P
DEAM_IGAIN_P DENM_ETAU_P DENM_EGAIN_P DENM_ITAU_P DENM_IGAIN_P DEGA_ITAU_P DEGA_IGAIN_P DESC_ITAU_P
DESC_IGAIN_P DENM_NMREV_N SYSA_VRES_N SYSA_VB_P SYPD_EXT_N SYPD_DLY0_P SYPD_DLY1_P SYPD_DLY2_P
SYAM_W0_P SYAM_W1_P SYAM_W2_P SYAM_W3_P SYAW_STDSTR_N SYAM_STDW_N""".split()


def parameter_map(names, base):
    return {name: Dynapse2Parameter(name, base + k) for k, name in enumerate(sorted(names))}


GLOBAL = ["R2R_BUFFER_AMPB", "R2R_BUFFER_CCB"]
SHARED = ["PG_BUF_N", "LBWR_VB_P", "SYAM_STDWAMPB", "SYAM_STDWCCB"]  # by two cores


class Dynapse2Core(Object):
    __slots__ = ("neurons", "parameters", "id")

    def __init__(self, chip, core):
        super().__init__()
        self.id = 16 * chip + core
        self.neurons = [Dynapse2Neuron(k) for k in range(NEURONS)]
        self.parameters = parameter_map(PARAMETERS, 1000 * (self.id + 1))


class Dynapse2Chip(Object):
    __slots__ = ("cores", "global_parameters", "shared_parameters01", "shared_parameters23")

    def __init__(self, chip):
        super().__init__()
        self.cores = [Dynapse2Core(chip, k) for k in range(CORES)]
        self.global_parameters = parameter_map(GLOBAL, 100)
        self.shared_parameters01 = parameter_map(SHARED, 200)
        self.shared_parameters23 = parameter_map(SHARED, 300)


class Dynapse2Configuration(Object):
    __slots__ = ("chips",)

    def __init__(self):
        super().__init__()
        self.chips = [Dynapse2Chip(k) for k in range(CHIPS)]

    def to_json(self):
        return json.dumps({"value0": plain(self)}, indent=4)


# ---- the text ------------------------------------------------------------------------------------


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def fixed(values):
    return {f"value{k}": plain(x) for k, x in enumerate(values)}


def plain(x):
    """What json.dumps() takes: the serializer's layout."""
    if isinstance(x, Dendrite):
        return x.value
    if isinstance(x, list):
        return fixed(x)
    if isinstance(x, dict):
        return [{"key": key, "value": plain(value)} for key, value in x.items()]
    if isinstance(x, (Dynapse2Synapse, Dynapse2Destination)):
        return {camel(name): plain(value) for name, value in x.values.items()}
    if isinstance(x, Dynapse2Neuron):
        latches = {camel(name): value for name, value in x.values.items()}
        return {"synapses": fixed(x.synapses), "destinations": fixed(x.destinations), **latches}
    if isinstance(x, Dynapse2Parameter):
        v = x.values
        return {
            "type": ord(v["type"]),
            "coarseValue": v["coarse_value"],
            "fineValue": v["fine_value"],
            "_address": v["_address"],
            "_cookie": v["_cookie"],
            "_initialType": int(v["type"] == "N"),
            "_switchableType": False,
        }
    if isinstance(x, Dynapse2Core):
        return {
            "neurons": fixed(x.neurons),
            "neuronMonitoringOn": False,
            "monitoredNeuron": 0,
            "parameters": plain(x.parameters),
            "_id": x.id,
            "_cookie": 2**63 + x.id,
        }
    if isinstance(x, Dynapse2Chip):
        return {
            "cores": fixed(x.cores),
            "globalParameters": plain(x.global_parameters),
            "sharedParameters01": plain(x.shared_parameters01),
            "sharedParameters23": plain(x.shared_parameters23),
            "dvsIf": {"origin": {"x": 0, "y": -1}, "pixelDestinations": {}, "filter": []},
        }
    if isinstance(x, Dynapse2Configuration):
        return {"chips": [plain(chip) for chip in x.chips]}
    return x


# ---- the board -----------------------------------------------------------------------------------


class Dynapse2Model:
    __slots__ = ("applied",)

    def __init__(self):
        self.applied = []  # every configuration, for tests

    def clear_error_queue(self):
        pass

    def apply_configuration(self, config):
        assert type(config) is Dynapse2Configuration
        self.applied.append(config)
        return True


class Dynapse2Interface:
    __slots__ = ("model", "clock", "queue", "written", "open")
    latest = None  # the board that was opened last, for tests

    def __init__(self):
        self.model = Dynapse2Model()
        self.clock = 12_345_678
        self.queue = []
        self.written = []
        self.open = True
        Dynapse2Interface.latest = self

    def configure_opal_kelly(self, bitfile):
        return os.path.exists(bitfile)

    def get_model(self):
        return self.model

    def read_events(self):
        assert self.open
        self.clock += 1500
        queue, self.queue = self.queue[:7], self.queue[7:]
        return queue

    def input_interface_write_events(self, port, events):
        assert self.open and port == 0
        self.answer(events)

    def grid_bus_write_events(self, events):
        assert self.open
        self.written.append(events)
        self.answer(events)

    def answer(self, events):
        for e in events:
            assert type(e) is NormalGridEvent
            self.clock = max(self.clock, e.timestamp)
            if (e.event.x_hop, e.event.y_hop) == (-7, -7):
                self.to_host(0, e.event, self.clock)
            else:
                assert e.event.y_hop == 0 and e.timestamp > 0
                self.relay(e.event.x_hop, e.event, self.clock)

    def relay(self, chip, to, time):
        for k, core in enumerate(self.model.applied[-1].chips[chip].cores):
            for neuron in core.neurons if to.core[k] else []:
                hears = any(s.tag == to.tag and any(s.weight) for s in neuron._synapses or [])
                for d in neuron.destinations if hears and not neuron.latch_soif_kill else []:
                    if any(d.core) and (d.x_hop, d.y_hop) == (-7, -7):
                        self.to_host(chip, d, time + 5)

    def to_host(self, chip, to, time):
        e = NormalGridEvent()
        back = Dynapse2Destination()
        back.core, back.tag, back.x_hop, back.y_hop = to.core, to.tag, to.x_hop + 1 + chip, to.y_hop
        e.event, e.timestamp = back, time
        self.queue.append(e)
