"""Writes the .npy files of this folder with numpy (2.4 made the committed ones)."""
import numpy as np
from numpy.lib import format as fmt

def write(name, array, version=None):
    with open(name + ".npy", "wb") as f:
        fmt.write_array(f, array, version=version)

write("uint8", np.array([[0, 1, 2], [3, 254, 255]], np.uint8))
write("int32", np.array([-2**31, -1, 0, 2**31 - 1], np.int32))
write("int64", np.array([-2**63, -1, 0, 2**63 - 1], np.int64))
write("float32", np.array([0.1, -0.0, np.inf, -np.inf, 1e-45, 3.4028235e38], np.float32))
write("float64", np.array([0.1, -0.0, np.inf, -np.inf, 5e-324, 1.7976931348623157e308]))
write("bool", np.array([True, False, True]))
write("scalar", np.array(2.5))
write("empty", np.zeros((0, 784), np.uint8))
write("cube", np.arange(24, dtype=np.int64).reshape(2, 3, 4))
write("v2", np.array([1.5, 2.5]), (2, 0))
write("v3", np.array([1.5, 2.5]), (3, 0))
write("fortran", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
write("bigendian", np.arange(3, dtype=">f8"))
write("structured", np.zeros(2, [("x", "<f4"), ("y", "<i8")]))
write("half", np.zeros(2, np.float16))
