"""Finding and opening boards."""
import os

from . import dynapse2


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


def open_device(info):
    assert "DYNAP-SE2" in info.device_type_name
    return dynapse2.Dynapse2Interface()


def close_device(board):
    board.open = False
