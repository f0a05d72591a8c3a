"""Writes reference.safetensors with the reference implementation (numpy 2.4,
safetensors 0.8 made the committed file), and mixed.safetensors with types
that landscape-pipe lists but does not read."""
import numpy as np
from safetensors.numpy import save_file

save_file({
    "double": np.array([[0.1, -0.0], [np.inf, 5e-324]]),
    "layers.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 3,
    "layers.1.weight": np.array([[-1.5]], np.float32),
    "scalar": np.array(2.5, np.float32),
    "void": np.zeros((0, 4), np.float32),
    "w \"quoted\" \\ ü \u2028 <&> \x01\n": np.ones(1, np.float32),
}, "reference.safetensors", metadata={"format": "np"})

save_file({
    "half": np.ones(3, np.float16),
    "labels": np.arange(4),
    "mask": np.array([True, False]),
    "weight": np.ones((2, 2), np.float32),
}, "mixed.safetensors")
