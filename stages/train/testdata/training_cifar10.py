"""Makes training_cifar10.json: the paper's recipe in PyTorch on CIFAR-10.

    python3 training_cifar10.py data_batch_1.bin training_cifar10.json

needs torch (2.15.0 was used) and numpy. The file is the member of that name of
the official cifar-10-binary.tar.gz: its 10,000 objects are the sample. Seeds 0–7
of each of the paper's 25 networks, fixed before the first run; each seed is given
to torch.manual_seed, then the weights and the orders of the batches are drawn.

The eight networks of a cell are trained side by side: their weights are stacked,
and their losses are added, which leaves each network its own gradient. Adam works
on each weight alone, so that the updates are those of eight separate optimizers.
"""

import json
import sys
import time

import numpy
import torch

OBJECTS, INPUTS, CLASSES, EPOCHS, BATCH = 10_000, 3072, 10, 10, 64
HIDDEN_SIZES, NUM_LAYERS, SEEDS = (4, 8, 16, 32, 64), (1, 3, 5, 7, 10), range(8)


def read(path):
    rows = numpy.fromfile(path, numpy.uint8).reshape(OBJECTS, 1 + INPUTS)
    # ToTensor and Normalize((0.5,), (0.5,)) of torchvision
    pixels = torch.from_numpy(rows[:, 1:].copy()).to(torch.float32).div_(255).sub_(0.5).div_(0.5)
    return pixels, torch.from_numpy(rows[:, 0].astype(numpy.int64))


def draw(h, num_layers, seed):
    """The initial weights (out × in each) and the orders of all epochs."""
    torch.manual_seed(seed)
    widths = [INPUTS] + [h] * (num_layers + 1) + [CLASSES]
    weights = [torch.nn.Linear(n, m, bias=False).weight.detach() for n, m in zip(widths, widths[1:])]
    return weights, torch.stack([torch.randperm(OBJECTS) for _ in range(EPOCHS)])


def losses(weights, x, y):
    """The cross-entropy of each object, S × B, of S networks. weights: S × out × in
    each; x: S × B × inputs; y: S × B."""
    x = x.transpose(1, 2)
    for w in weights[:-1]:
        x = torch.relu(torch.bmm(w, x))
    return torch.nn.functional.cross_entropy(torch.bmm(weights[-1], x), y, reduction="none")


def train(pixels, labels, h, num_layers):
    """The losses of all objects under the trained networks, one row per seed."""
    drawn = [draw(h, num_layers, seed) for seed in SEEDS]
    weights = [torch.stack(w).requires_grad_() for w in zip(*(d[0] for d in drawn))]
    orders = torch.stack([d[1] for d in drawn])
    optimizer = torch.optim.Adam(weights, lr=1e-3, fused=True)
    for epoch in range(EPOCHS):
        for start in range(0, OBJECTS, BATCH):
            batch = orders[:, epoch, start:start + BATCH]
            optimizer.zero_grad()
            x = pixels.index_select(0, batch.flatten()).view(*batch.shape, INPUTS)
            losses(weights, x, labels[batch]).mean(1).sum().backward()
            optimizer.step()
    with torch.no_grad():
        parts = [losses(weights, x.expand(len(SEEDS), -1, -1), y.expand(len(SEEDS), -1))
                 for x, y in zip(pixels.split(1000), labels.split(1000))]
    return torch.cat(parts, 1).double()


def main():
    torch.set_num_threads(1)
    pixels, labels = read(sys.argv[1])
    rows = []
    for h in HIDDEN_SIZES:
        for num_layers in NUM_LAYERS:
            start = time.perf_counter()
            for seed, each in zip(SEEDS, train(pixels, labels, h, num_layers)):
                mean = each.mean()
                rows.append({"h": h, "L": num_layers, "seed": seed,
                             "mean": mean.item(), "mad": (each - mean).abs().mean().item()})
            print(f"h={h} num_layers={num_layers}: {time.perf_counter() - start:.1f} s", flush=True)
    with open(sys.argv[2], "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]\n")


if __name__ == "__main__":
    main()
