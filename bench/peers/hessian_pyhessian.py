"""PyHessian's density, in float32 as it computes.

Its release calls torch.eig, which PyTorch has removed; torch.linalg.eigh of
the same tridiagonal matrix stands in for it here. Its random signs are
replaced by the probes that all programs here share. Nothing else is changed.
"""

import importlib.metadata
import time

import hessian_network as given
import torch
from hessian_torch import network


def main():
    options = given.arguments("quadrature")
    options.precision = "float32"
    model = network(given.weights(options))
    data = tuple(torch.from_numpy(a) for a in given.objects(options))
    probes = torch.from_numpy(given.probes(options))
    sizes = [p.numel() for p in model.parameters()]
    parts = iter([(part > 0).to(torch.float32) for probe in probes for part in probe.split(sizes)])

    def eig(t, eigenvectors):
        assert eigenvectors
        values, vectors = torch.linalg.eigh(t)
        return values[:, None], vectors

    torch.eig = eig
    torch.randint_like = lambda p, high, device: next(parts).view_as(p).clone()
    import pyhessian

    computer = pyhessian.hessian(model, torch.nn.CrossEntropyLoss(), data=data, cuda=False)
    start = time.perf_counter()
    nodes, weights = computer.density(iter=options.steps, n_v=len(probes))
    given.report(
        seconds=time.perf_counter() - start,
        rules=[{"Nodes": list(map(float, a)), "Weights": list(map(float, b))} for a, b in zip(nodes, weights)],
        products=len(probes) * options.steps,
        version=f"pyhessian {importlib.metadata.version('pyhessian')}, torch {torch.__version__}")


if __name__ == "__main__":
    main()
