"""Trains and evaluates the paper's 25 networks with landscape-pipe and with
each peer, one after the other on the same machine, and prints a table.

Ours is the whole command, durable writes included, with an empty store that
holds the data set only; the peers are timed from the first network's start,
without the start of the interpreter and its imports. For the shape of CIFAR-10
ours is a benchmark inside `go test`, since its data is random.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def peer(script, data, networks):
    command = [sys.executable, os.path.join(HERE, script), "--data", data, "--networks", str(networks)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def ours(data):
    if data != "mnist":
        done = subprocess.run(
            ["go", "test", "./stages/losses", "-run", "^$", "-bench", f"^BenchmarkGrid/{data}$", "-benchtime", "1x"],
            check=True, capture_output=True, text=True, cwd=ROOT)
        seconds = float(re.search(r"([\d.]+) grid-s", done.stdout).group(1))
        return {"seconds": seconds, "networks": 25, "version": "landscape-pipe"}
    program = os.path.join(ROOT, "bin", "landscape-pipe")
    artifacts = tempfile.mkdtemp()
    try:
        command = [program, "repro", "-q", "-C", ROOT, "--artifacts", artifacts,
                   "--params", os.path.join(ROOT, "bench", "grid.toml")]
        subprocess.run(command + ["fetch"], check=True)
        start = time.perf_counter()
        subprocess.run(command + ["losses"], check=True)
        return {"seconds": time.perf_counter() - start, "networks": 25, "version": "landscape-pipe"}
    finally:
        shutil.rmtree(artifacts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["mnist", "cifar10-shape"])
    parser.add_argument("--paper-networks", type=int, default=25,
                        help="how many of the 25 the paper's way trains; fewer are scaled up, and the table says so")
    options = parser.parse_args()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{len(os.sched_getaffinity(0))} cores, {cpu}, {platform.system()}, Python {platform.python_version()}\n")
    for data in options.data:
        rows = []
        runs = [ours(data) for _ in range(3)]
        best = sorted(runs, key=lambda r: r["seconds"])[1]
        rows.append(("landscape-pipe, median of 3", best["seconds"], best["version"]))
        jax = peer("jax_scan.py", data, 25)
        rows.append(("JAX, run only", jax["run_seconds"], jax["version"]))
        rows.append(("JAX, with compilation", jax["seconds"], jax["version"]))
        expert = peer("torch_expert.py", data, 25)
        rows.append(("PyTorch as an expert writes it", expert["seconds"], expert["version"]))
        paper = peer("torch_paper.py", data, options.paper_networks)
        scale = 25 / paper["networks"]
        name = "PyTorch as the paper runs it" + (f", {paper['networks']} of 25 scaled up" if scale != 1 else "")
        rows.append((name, paper["seconds"] * scale, paper["version"]))
        print(f"25 networks on {data}: trained and evaluated\n")
        print("| | seconds | ratio to ours | version |\n|---|---|---|---|")
        for name, seconds, version in rows:
            print(f"| {name} | {seconds:.2f} | {seconds / best['seconds']:.1f} | {version} |")
        print()


if __name__ == "__main__":
    main()
