"""Finding and opening boards."""
import os

from . import dynapse2, speck, speck2e, speck2f


class DeviceInfo:
    __slots__ = (
        "daughter_board_num",
        "device_type_name",
        "logic_version",
        "serial_number",
        "usb_bus_number",
        "usb_device_address",
    )

    def __init__(self, name):
        self.device_type_name = name


def get_all_devices():
    boards = int(os.environ.get("SAMNA_BOARDS", 1))
    return [DeviceInfo("XyloAudio2TestBoard")] + [DeviceInfo("DYNAP-SE2 Stack")] * boards


def get_unopened_devices():
    boards = int(os.environ.get("SAMNA_BOARDS", 1))
    names = ["Speck2fModuleDevKit", "Speck2eDevKit", "Speck2fDevKit"]
    return [DeviceInfo("DYNAP-SE2 Stack")] + [DeviceInfo(name) for name in names] * boards


def open_device(info):
    for chip in (speck2e, speck2f):
        if info.device_type_name.lower().startswith(chip.__name__.split(".")[-1]):
            return speck.Relay(chip.event)
    assert "DYNAP-SE2" in info.device_type_name
    return dynapse2.Dynapse2Interface()


def close_device(board):
    board.open = False
