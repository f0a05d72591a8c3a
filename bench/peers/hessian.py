"""Curvature of the same trained networks over the same MNIST objects by
landscape-pipe and by its peers, one after the other on the same machine:
tables of seconds, ratios to ours and accuracy.

Our benchmark (internal/curvature, BenchmarkPeers) trains the networks and
leaves their weights, the data and the probes in a temporary folder. Ours is
timed from weights and pixels to certified values; the peers from data already
converted and products already compiled.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time

import hessian_network as given
import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OURS = "landscape-pipe, float64"


class Watch:
    """How many cores other processes kept busy while ours or a peer ran, at
    worst: a table taken beside other work is no comparison."""

    def __init__(self):
        self.worst = 0.0

    def run(self, command, **settings):
        before, start = self._others(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, **settings)
        if (wall := time.perf_counter() - start) >= 1:
            self.worst = max(self.worst, (self._others() - before) / wall)
        return done

    @staticmethod
    def _others():
        """CPU seconds of the machine that are not those of our children."""
        with open("/proc/stat") as f:
            user, nice, system, _, _, interrupt, soft, steal, *_ = map(int, f.readline().split()[1:])
        used = os.times()
        ticks = os.sysconf("SC_CLK_TCK")
        return (user + nice + system + interrupt + soft + steal) / ticks - used.children_user - used.children_system

    def say(self):
        """Prints what was seen since the last time."""
        print(f"Other processes kept up to {self.worst:.1f} cores busy meanwhile.\n", flush=True)
        self.worst = 0.0


watch = Watch()


def peer(folder, hidden, script, job, precision="float64", *more):
    command = [sys.executable, os.path.join(HERE, script), job, "--folder", folder,
               "--hidden", str(hidden), "--precision", precision, *map(str, more)]
    done = watch.run(command)
    if done.returncode:
        sys.exit(f"{script} {job} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(folder, options):
    command = ["go", "test", "./internal/curvature", "-run", "^$", "-bench", "^BenchmarkPeers$", "-timeout", "30m",
               "-benchtime", "1x" if options.quick else "5x", "-peers", folder, "-peers.objects", str(options.objects),
               "-peers.h", str(max(options.hidden)), "-peers.steps", str(options.steps), "-peers.probes", str(options.probes)]
    done = watch.run(command, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def peak():
    """The float64 FMA peak of a core in operations a second, as the kernels'
    benchmark measures it; None where it cannot."""
    done = subprocess.run(
        ["go", "test", "./internal/kernel", "-run", "^$", "-bench", "^BenchmarkBlocks64$/^bytes-NN$/^64$", "-benchtime", "20x"],
        check=True, capture_output=True, text=True, cwd=ROOT)
    rate, share = (re.search(rf"([\d.]+) {unit}", done.stdout) for unit in ("GFLOP/s", "%peak"))
    return float(rate[1]) * 1e9 / float(share[1]) * 100 if rate and share else None


def table(title, columns, rows):
    print(f"{title}\n\n| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
    for name, *cells in rows:
        print(f"| {name} | {' | '.join(str(c) for c in cells)} |")
    print()
    watch.say()


def top(folder, h, own):
    reference = peer(folder, h, "hessian_jax.py", "reference")
    tolerance = ("--tolerance", reference["tolerance"])
    errors = []

    def row(name, r, version):
        error = given.largest_error(r["values"], reference["values"])
        ratios = (f"{r['seconds'] / o['seconds']:.1f}" for o in (loose, exact))
        return (name, f"{r['seconds']:.3f}", *ratios, r["products"], f"{error:.1e}", version)

    peers = []
    for name, script in (("JAX + eigsh", "hessian_jax.py"), ("curvlinops + eigsh", "hessian_torch.py")):
        for precision in ("float64", "float32"):
            r = peer(folder, h, script, "top", precision, *tolerance)
            peers.append((f"{name}, {precision}", r, r["version"]))
            errors.append(given.largest_error(r["values"], reference["values"]))
    # Ours to 1e-6, and the loosest of ours that is as exact as every peer; or
    # the most exact, where a peer's last digits are luckier.
    loose = exact = own["top"][0]
    for exact in own["top"]:
        if given.largest_error(exact["values"], reference["values"]) <= min(errors):
            break
    rows = [row(f"{OURS}, to {o['tolerance']:g}, with certificate", o, "this revision") for o in (loose, exact)]
    rows += [row(*p) for p in peers]
    table(f"Top 20 eigenvalues of H to 1e-6, h={h}, num_layers=5, {own['objects']} objects, {own['parameters']} weights",
          ("seconds", "ratio to the first", "to the second", "products", "largest relative error", "version"), rows)
    print(f"Errors are those against JAX in float64 + eigsh, converged to 1e-10 and better. ARPACK's tolerance is {reference['tolerance']:g}, "
          f"the loosest of 1e-2, 1e-3, 1e-4, … with which it keeps 1e-6 in float64: the peers are given what only the reference can tell. "
          f"Our second row is the loosest tolerance with which ours is at least as exact as every peer. Its certificate: every residual ≤ {exact['residual']:.1e}, "
          f"every estimated relative error ≤ {exact['error']:.1e}; certificates are formed from the products themselves.\n")


def density(rules, grid, sigma):
    """The mean of the rules, each node a Gaussian of width sigma."""
    total = numpy.zeros_like(grid)
    for rule in rules:
        for node, weight in zip(rule["Nodes"], rule["Weights"]):
            total += weight * numpy.exp(-((grid - node) / sigma)**2 / 2)
    return total / (len(rules) * sigma * (2 * numpy.pi)**0.5)


def quadrature(folder, h, own, options):
    run = own["density"]
    nodes = [x for rule in run["converged"] for x in rule["Nodes"]]
    largest = max(map(abs, nodes))
    sigma = largest / 100
    grid = numpy.linspace(min(nodes) - 5 * sigma, max(nodes) + 5 * sigma, 4001)
    converged = density(run["converged"], grid, sigma)
    rows = []

    def add(name, r, version):
        distance = numpy.abs(density(r["rules"], grid, sigma) - converged).sum() * (grid[1] - grid[0])
        same = max(abs(a - b) for one, other in zip(r["rules"], run["rules"], strict=True)
                   for a, b in zip(sorted(one["Nodes"]), other["Nodes"], strict=True)) / largest
        rows.append((name, f"{r['seconds']:.3f}", f"{r['seconds'] / run['seconds']:.1f}", f"{distance:.1e}", f"{same:.1e}", version))

    add(OURS, run, "this revision")
    r = peer(folder, h, "hessian_jax.py", "quadrature", "float64", "--steps", options.steps)
    add("JAX products, float64" + (", ten in a block" if r["blockwise"] else ""), r, r["version"])
    r = peer(folder, h, "hessian_pyhessian.py", "quadrature", "float32", "--steps", options.steps)
    add("PyHessian, float32", r, r["version"])
    table(f"Lanczos quadrature of {options.steps} steps from {options.probes} probes, h={h}, num_layers=5, {own['objects']} objects",
          ("seconds", "ratio to ours", "distance from the converged density", "largest difference of a node from ours", "version"), rows)
    print("All start from the same probes. Distance is ∫|difference| of the densities smoothed by a Gaussian of 1 % of the largest eigenvalue; "
          "converged is the rule of four times the steps. Differences of nodes are relative to the largest eigenvalue.\n")


def product(folder, h, own, core_peak):
    p = own["product"]
    rows = [(OURS, f"{p['seconds'] * 1e3:.1f}", "1.0", f"{p['seconds'] / p['gradient_seconds']:.2f}"),
            (OURS + ", in a block of ten", f"{p['block_seconds'] * 1e3:.1f}", f"{p['block_seconds'] / p['seconds']:.1f}",
             f"{p['block_seconds'] / p['gradient_seconds']:.2f}"),
            (OURS + ", black pixels not skipped", f"{p['dense_seconds'] * 1e3:.1f}", f"{p['dense_seconds'] / p['seconds']:.1f}", "")]
    for name, script in (("JAX", "hessian_jax.py"), ("PyTorch, kept graph", "hessian_torch.py")):
        for precision in ("float64", "float32"):
            r = peer(folder, h, script, "product", precision)
            rows.append((f"{name}, {precision}", f"{r['seconds'] * 1e3:.1f}", f"{r['seconds'] / p['seconds']:.1f}",
                         f"{r['seconds'] / r['gradient_seconds']:.2f}"))
            if "block_seconds" in r:
                rows.append((f"{name}, {precision}, in a block of ten", f"{r['block_seconds'] * 1e3:.1f}",
                             f"{r['block_seconds'] / p['seconds']:.1f}", f"{r['block_seconds'] / r['gradient_seconds']:.2f}"))
    table(f"One product with H, h={h}, num_layers=5, {own['objects']} objects", ("ms", "ratio to ours", "in its own gradients"), rows)
    measured, operations = p["seconds"] / p["gradient_seconds"], p["done"] / p["done_gradient"]
    print(f"Ours: a product takes {measured:.2f} times a gradient's time and {operations:.2f} times its operations as done "
          f"({p['formula'] / p['formula_gradient']:.2f} times by the formulas): {measured / operations:.2f} times the ratio of operations.")

    def rate(name, flops, seconds):
        share = f", {100 * flops / seconds / (core_peak * own['workers']):.0f} % of the peak" if core_peak else ""
        return f"{name} {flops / seconds / 1e9:.1f} GFLOP/s{share}"

    if core_peak:
        print(f"Float64 FMA peak measured: {core_peak / 1e9:.1f} GFLOP/s a core, {own['workers']} cores.")
    print("; ".join((rate("Operations as done, black pixels skipped:", p["done"], p["seconds"]),
                     rate("in a block of ten:", p["done"], p["block_seconds"]),
                     rate("black pixels not skipped:", p["done_dense"], p["dense_seconds"]),
                     rate("the same in a block of ten:", p["done_dense"], p["dense_block_seconds"]),
                     rate("by the formulas' operations:", p["formula"], p["seconds"]),
                     rate("a gradient:", p["done_gradient"], p["gradient_seconds"]))) + ".\n", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=("top", "quadrature", "product"), default=["product", "top", "quadrature"])
    parser.add_argument("--hidden", nargs="+", type=int, choices=(16, 64), default=[16, 64])
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--probes", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="1,000 objects, h=16, 20 steps from 3 probes: does it run, not how fast")
    options = parser.parse_args()
    if options.quick:
        options.hidden, options.objects, options.steps, options.probes = [16], 1000, 20, 3
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{len(os.sched_getaffinity(0))} cores, {cpu}, {platform.system()}, Python {platform.python_version()}, "
          f"load average at the start {os.getloadavg()[0]:.1f}\n", flush=True)
    core_peak = peak()
    with tempfile.TemporaryDirectory() as folder:
        ours(folder, options)
        print("Ours ran for all tables first.", end=" ")
        watch.say()
        for h in options.hidden:
            with open(os.path.join(folder, f"h={h}.json")) as f:
                own = json.load(f)
            if "product" in options.parts:
                product(folder, h, own, core_peak)
            if "top" in options.parts:
                top(folder, h, own)
            if "quadrature" in options.parts and own["density"]:
                quadrature(folder, h, own, options)
    print(f"Load average at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
