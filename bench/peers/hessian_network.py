"""What the Hessian peers share: the network, data and probes that our
benchmark left in a folder, and how a peer reports.

The loss is the mean cross-entropy over all objects; an object's pixels are
seen as −1 + 2u/255.
"""

import argparse
import json
import os
import statistics
import time

import numpy
import safetensors.numpy


def arguments(*jobs):
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=jobs)
    parser.add_argument("--folder", required=True, help="where BenchmarkPeers left its files")
    parser.add_argument("--hidden", type=int, required=True)
    parser.add_argument("--precision", choices=("float32", "float64"), default="float64")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of ARPACK: the residual relative to the value")
    parser.add_argument("--steps", type=int, default=80)
    return parser.parse_args()


def weights(options):
    """The matrices, out×in, from the first layer to the last."""
    path = os.path.join(options.folder, f"h={options.hidden}.safetensors")
    tensors = safetensors.numpy.load_file(path)
    return [tensors[f"layers.{p}.weight"].astype(options.precision) for p in range(len(tensors))]


def objects(options):
    """Inputs, formed in float64 and then rounded to the precision, and labels."""
    images = numpy.load(os.path.join(options.folder, "images.npy"))
    labels = numpy.load(os.path.join(options.folder, "labels.npy"))
    return (images * (2 / 255) - 1).astype(options.precision), labels.astype(numpy.int64)


def probes(options):
    """The signs that the quadratures start from, probes × parameters."""
    return numpy.load(os.path.join(options.folder, f"h={options.hidden}.probes.npy")).astype(options.precision)


def direction(options, count=1):
    """Random directions, count × parameters."""
    n = sum(w.size for w in weights(options))
    return numpy.random.default_rng(0).standard_normal((count, n)).astype(options.precision)


def median_seconds(run, times=10):
    run()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def top(matvec, n, options, count=20, **settings):
    """The largest eigenvalues by ARPACK, descending, the seconds that took and
    the number of products."""
    import scipy.sparse.linalg

    products = 0

    def counted(v):
        nonlocal products
        products += 1
        return matvec(v)

    operator = scipy.sparse.linalg.LinearOperator((n, n), matvec=counted, dtype=options.precision)
    v0 = numpy.random.default_rng(1).standard_normal(n).astype(options.precision)
    start = time.perf_counter()
    values = scipy.sparse.linalg.eigsh(
        operator, k=count, which="LA", v0=v0, return_eigenvectors=False, **{"tol": options.tolerance} | settings)
    return {"seconds": time.perf_counter() - start, "products": products,
            "values": sorted(map(float, values), reverse=True)}


def largest_error(values, reference):
    """The largest relative error of a value."""
    return max(abs(a - b) / abs(b) for a, b in zip(values, reference, strict=True))


def report(**figures):
    """One line of JSON, the last one a peer prints."""
    print(json.dumps(figures))
