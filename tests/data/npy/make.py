"""Makes the files of this folder with numpy (2.x). The tests only read them; run this to add one."""
import io
import struct
import zipfile

import numpy as np

TYPES = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split()


def ramp(dtype, shape=(2, 3)):
    """Element i (C order) is i - 2, i for unsigned and i % 2 for bool."""
    x = np.arange(np.prod(shape)).reshape(shape)
    kind = np.dtype(dtype).kind
    return (x % 2 if kind == "b" else x if kind == "u" else x - 2).astype(dtype)


def raw(name, header, data=b"", version=1):
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    with open(name, "wb") as f:
        f.write(b"\x93NUMPY" + bytes([version, 0]) + size + header + data)


def bad(name, header, data=b"", version=1):
    raw(f"bad_{name}.npy", header, data, version)


for t in TYPES:
    np.save(f"{t}.npy", ramp(t))
    if t[1] != "1":
        np.save(f"{t}_big.npy", ramp(">" + t))
np.save("fortran.npy", np.asfortranarray(ramp("f4", (2, 3, 4))))
np.save("fortran_big.npy", np.asfortranarray(ramp(">i2", (3, 2))))
np.save("scalar.npy", np.float64(2.5))
np.save("one_axis.npy", ramp("i4", (5,)))
np.save("empty.npy", np.zeros((3, 0, 2), "f4"))
np.save("f2_special.npy", np.array([1.5, -0.0, np.inf, -np.inf, np.nan, 6e-8, 65504, 1 / 3], "f2"))
np.save("i8_ends.npy", np.array([-(2**63), 2**63 - 1, -1], "i8"))
np.save("u8_ends.npy", np.array([0, 2**64 - 1], "u8"))

events = np.zeros(3, [("t", "<i8"), ("channel", "<u2"), ("y", ">u2"), ("on", "?"), ("w", "<f4")])
events["t"] = [5, -7, 1 << 40]
events["channel"] = [1, 2, 65535]
events["y"] = [258, 3, 4]
events["on"] = [True, False, True]
events["w"] = [0.5, -1, 2]
np.save("events.npy", events)
np.save("aligned.npy", np.zeros(2, np.dtype([("a", "u1"), ("b", "<f8")], align=True)))
np.save("unicode.npy", np.array([(7,)], [("µ_x", "<i4")]))  # Latin-1: version 1
np.save("unicode3.npy", np.array([(8,)], [("π'\"\\\n", "<i4")]))  # version 3
with open("v2.npy", "wb") as f:
    np.lib.format.write_array(f, ramp("f4"), version=(2, 0))

np.savez("stored.npz", w_in=ramp("f4"), train=ramp("u1", (4, 5)))
np.savez_compressed("deflated.npz", w_in=ramp("f4"), big=np.ones((100, 1000), "f8"))
np.savez("single.npz", only=ramp("i2"))


def npy_bytes(x):
    f = io.BytesIO()
    np.save(f, x)
    return f.getvalue()


with zipfile.ZipFile("zip64.npz", "w") as z:
    with z.open("a.npy", "w", force_zip64=True) as f:
        f.write(npy_bytes(ramp("i4")))
with zipfile.ZipFile("other.npz", "w") as z:
    z.writestr("notes.txt", "not an array")
    z.writestr("dir/", "")
    z.writestr("a.npy", npy_bytes(ramp("i4")), zipfile.ZIP_DEFLATED)
    z.comment = b"a comment"
with zipfile.ZipFile("bzip2.npz", "w") as z:
    z.writestr("a.npy", npy_bytes(ramp("i4")), zipfile.ZIP_BZIP2)
with zipfile.ZipFile("twice.npz", "w") as z:
    z.writestr("a.npy", npy_bytes(ramp("i4")))
    z.writestr("a.npy", npy_bytes(ramp("i2")))

# Sizes that only zip64 can state, in the directory's entry and the archive's end.
with open("single.npz", "rb") as f:
    one = f.read()
at = one.index(b"PK\1\2")
end = one.index(b"PK\5\6")
entry = bytearray(one[at:end])
csize, usize = struct.unpack_from("<II", entry, 20)
name_n, extra_n = struct.unpack_from("<HH", entry, 28)
struct.pack_into("<II", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
struct.pack_into("<I", entry, 42, 0xFFFFFFFF)
extra = struct.pack("<HHQQQ", 1, 24, usize, csize, 0)
struct.pack_into("<H", entry, 30, len(extra))
entry = bytes(entry[: 46 + name_n]) + extra
end64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, len(entry), at)
locator = struct.pack("<IIQI", 0x07064B50, 0, at + len(entry), 1)
tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
with open("zip64_all.npz", "wb") as f:
    f.write(one[:at] + entry + end64 + locator + tail)


def patched(name, source, find, offset, value):
    b = bytearray(source)
    i = b.index(find) + offset
    b[i : i + len(value)] = value
    with open(f"bad_{name}.npz", "wb") as f:
        f.write(b)


with open("deflated.npz", "rb") as f:
    packed = f.read()
patched("crc", one, b"PK\1\2", 16, b"\0\0\0\0")
patched("stored_crc", one, b"\x93NUMPY", 130, b"\x55")
patched("encrypted", one, b"PK\1\2", 8, b"\1")
patched("offset", one, b"PK\1\2", 42, b"\x80\0\0\0")
patched("bomb", packed, b"PK\1\2", 24, b"\xf0\xff\xff\xff")
patched("longer", packed, b"PK\1\2", 24, b"\x01\0\0\0")
patched("directory", one, b"PK\5\6", 16, b"\xff\xff\xff\x7f")
patched("entry", one, b"PK\1\2", 28, b"\xff\xff")
with open("bad_truncated.npz", "wb") as f:
    f.write(one[:-30])

H = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
bad("short", H, b"\0" * 7)
bad("long", H, b"\0" * 9)
bad("version", H, b"\0" * 8, version=4)
bad("object", H.replace(b"<f4", b"|O"), b"\0" * 16)
bad("complex", H.replace(b"<f4", b"<c8"), b"\0" * 16)
bad("string", H.replace(b"<f4", b"<U3"), b"\0" * 24)
bad("no_order", H.replace(b"<f4", b"f4"), b"\0" * 8)
bad("bar", H.replace(b"<f4", b"|f4"), b"\0" * 8)
bad("overflow", H.replace(b"(2,)", b"(4294967296, 4294967296, 4294967296)"))
bad("overflow0", H.replace(b"(2,)", b"(0, 9223372036854775807, 9223372036854775807)"))
bad("huge", H.replace(b"(2,)", b"(99999999999999999999999,)"))
bad("negative", H.replace(b"(2,)", b"(-2,)"), b"\0" * 8)
bad("number_shape", H.replace(b"(2,)", b"(2)"), b"\0" * 8)
bad("rank", H.replace(b"(2,)", b"(1, 1, 1, 1, 1, 1, 1, 1, 1)"), b"\0" * 4)
bad("order", H.replace(b"False", b"0"), b"\0" * 8)
bad("missing", b"{'descr': '<f4', 'shape': (2,)}", b"\0" * 8)
bad("unknown", H.replace(b"'shape'", b"'sh\x1bape'"), b"\0" * 8)
bad("double", b"{'shape': (2,), " + H[1:], b"\0" * 8)
bad("behind", H[:-1] + b"{}", b"\0" * 8)
bad("unclosed", H[:-4], b"\0" * 8)
bad("unquoted", b"{'descr': '<f4", b"\0" * 8)
bad("call", H.replace(b"(2,)", b"__import__('os')"), b"\0" * 8)
bad("utf8", H.replace(b"'<f4'", b"[('\xff', '<f4')]"), b"\0" * 8, version=3)
bad("nul", H.replace(b"'<f4'", b"[('a\\x00', '<f4')]"), b"\0" * 8)
bad("surrogate", H.replace(b"'<f4'", b"[('\\ud800', '<f4')]"), b"\0" * 8)
bad("subarray", H.replace(b"'<f4'", b"[('a', '<f4', (2,))]"), b"\0" * 16)
bad("nested", H.replace(b"'<f4'", b"[('a', [('b', '<f4')])]"), b"\0" * 8)
bad("title", H.replace(b"'<f4'", b"[(('t', 'a'), '<f4')]"), b"\0" * 8)
bad("no_fields", H.replace(b"'<f4'", b"[]"), b"\0" * 8)
bad("no_name", H.replace(b"'<f4'", b"[('', '<f4')]"), b"\0" * 8)
bad("same_name", H.replace(b"'<f4'", b"[('a', '<f4'), ('a', '<f4')]"), b"\0" * 16)
bad("fields", H.replace(b"'<f4'", str([(f"f{i}", "|u1") for i in range(17)]).encode()), b"\0" * 34)
bad("padding", H.replace(b"'<f4'", b"[('', '|V1000000000'), ('', '|V1000000000'), ('', '|V1000000000')]"), b"\0" * 8)
with open("bad_header_length.npy", "wb") as f:
    f.write(b"\x93NUMPY\2\0\xff\xff\xff\xff" + H)
with open("bad_nothing.npy", "wb") as f:
    f.write(b"\x93NUMPY")

raw("any_order.npy", b"{\"shape\":(2L,3),\n'fortran_order':False , 'descr':\"<i2\"}", ramp("i2").tobytes())
