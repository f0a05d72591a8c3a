"""The engine beside Ninja, Snakemake and DVC, in one run on one machine.

    python peers.py --engine PATH_OF_THE_GO_PROGRAM [--quick]

Every tool gets the same lattice: layers of stages, each of which reads the
output of two of the layer before and writes one line. Measured are a run that
does nothing, start of the process included, what a stage costs cold, and the
peak of memory. Ninja must be on the path; Snakemake and DVC must be in the
environment of this interpreter (requirements.txt). A tool that is missing is
named and left out.

What favours the others is left in their favour: the engine alone syncs every
output and hashes it whole; Snakemake finds outputs without its own metadata,
which it need not read then; and of Snakemake and DVC the start is subtracted
from the cost of a cold stage. What favours the engine: its stages need not
start a process; a row of its own has stages that do.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile


class Lattice:
    """Layers of width stages; a stage reads its own place and the next one."""

    def __init__(self, actions, width):
        self.actions, self.width = actions, width

    def stages(self):
        """Yields (number, output, inputs) of each stage, layer by layer."""
        for number in range(self.actions):
            layer, place = divmod(number, self.width)
            inputs = [self.name(layer - 1, p % self.width) for p in (place, place + 1)] if layer else []
            yield number, self.name(layer, place), inputs

    def last(self):
        """The outputs of the last layer."""
        layers = self.actions // self.width
        return [self.name(layers - 1, place) for place in range(self.width)]

    @staticmethod
    def name(layer, place):
        return f"out/{layer}_{place}"

    def write_outputs(self, folder):
        """Writes what a cold run would, in the right order."""
        os.makedirs(os.path.join(folder, "out"))
        for number, output, _ in self.stages():
            with open(os.path.join(folder, output), "w") as f:
                f.write(f"output of stage {number}\n")


class Meter:
    """Runs commands through the Go program, whose own memory is small."""

    def __init__(self, engine):
        self.engine = os.path.abspath(engine)

    def __call__(self, folder, *command):
        done = subprocess.run([self.engine, "measure", *command], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        result = json.loads(done.stdout)
        own = result.get("output")
        if isinstance(own, dict) and own.get("peak"):
            result["peak"] = own["peak"]
        return result


def tool(name):
    """The path of a tool in this interpreter's environment, else of the system."""
    beside = os.path.join(os.path.dirname(sys.executable), name)
    return beside if os.path.exists(beside) else shutil.which(name)


def ninja_folder(folder, lattice):
    os.makedirs(os.path.join(folder, "out"))
    with open(os.path.join(folder, "build.ninja"), "w") as f:
        f.write("rule step\n  command = echo output of stage $number > $out\n")
        for number, output, inputs in lattice.stages():
            f.write(f"build {output}: step {' '.join(inputs)}\n  number = {number}\n")
    return [tool("ninja"), "--quiet"]


def snakemake_folder(folder, lattice, outputs):
    if outputs:
        lattice.write_outputs(folder)
    with open(os.path.join(folder, "Snakefile"), "w") as f:
        f.write(f"""WIDTH = {lattice.width}

def before(w):
    layer, place = int(w.layer), int(w.place)
    return [f"out/{{layer - 1}}_{{p % WIDTH}}" for p in (place, place + 1)] if layer else []

rule all:
    input: {lattice.last()!r}

rule step:
    input: before
    output: "out/{{layer}}_{{place}}"
    shell: "echo output of stage {{wildcards.layer}} {{wildcards.place}} > {{output}}"
""")
    return [tool("snakemake"), "--cores", "all", "--quiet", "all"]


def dvc_folder(folder, lattice, outputs):
    if outputs:
        lattice.write_outputs(folder)
    else:
        os.makedirs(os.path.join(folder, "out"))
    stages = {}
    for number, output, inputs in lattice.stages():
        stages[f"step{number}"] = {"cmd": f"echo output of stage {number} > {output}", "outs": [output]}
        if inputs:
            stages[f"step{number}"]["deps"] = inputs
    with open(os.path.join(folder, "dvc.yaml"), "w") as f:
        json.dump({"stages": stages}, f)  # JSON is YAML
    dvc = tool("dvc")
    quiet = dict(cwd=folder, check=True, capture_output=True)
    subprocess.run([dvc, "init", "--no-scm", "--quiet"], **quiet)
    subprocess.run([dvc, "config", "core.analytics", "false"], **quiet)
    subprocess.run([dvc, "config", "core.check_update", "false"], **quiet)
    if outputs:
        subprocess.run([dvc, "commit", "--force", "--quiet"], **quiet)
    return [dvc, "repro", "--quiet"]


def run_command(meter, lattice, store, *more):
    return [meter.engine, "run", "-actions", str(lattice.actions), "-width", str(lattice.width), "-store", store, *more]


def subfolder(root, name):
    path = os.path.join(root, name)
    os.makedirs(path)
    return path


def rows_of_noops(meter, root, sizes, repeats):
    """No-ops, the tools in turn so that all meet the same load."""
    candidates = []  # (tool, actions, folder, command, how often)
    engine_sizes = set()
    if tool("ninja"):
        lattice = Lattice(sizes["noop"], 100)
        folder = subfolder(root, "ninja-noop")
        command = ninja_folder(folder, lattice)
        meter(folder, *command)
        candidates.append(("ninja", lattice, folder, command, repeats))
        engine_sizes.add(sizes["noop"])
    if tool("snakemake"):
        lattice = Lattice(sizes["snakemake_noop"], 100)
        folder = subfolder(root, "snakemake-noop")
        candidates.append(("snakemake", lattice, folder, snakemake_folder(folder, lattice, True), 2))
        engine_sizes.add(sizes["snakemake_noop"])
    if tool("dvc"):
        lattice = Lattice(sizes["dvc_noop"], 50)
        folder = subfolder(root, "dvc-noop")
        candidates.append(("dvc", lattice, folder, dvc_folder(folder, lattice, True), 2))
        engine_sizes.add(sizes["dvc_noop"])
    for size in sorted(engine_sizes):
        lattice = Lattice(size, 100)
        folder = subfolder(root, f"engine-noop-{size}")
        command = run_command(meter, lattice, "store")
        meter(folder, *command)
        candidates.append(("engine", lattice, folder, command, repeats))
    results = {}
    for turn in range(max(c[4] for c in candidates)):
        for name, lattice, folder, command, often in candidates:
            if turn < often:
                results.setdefault((name, lattice.actions), []).append(meter(folder, *command))
    return results


def rows_of_cold(meter, root, sizes, repeats):
    """Cold runs: seconds a stage, and memory."""
    results = {}

    def add(name, lattice, measured, start=0.0):
        measured["seconds"] = (measured["seconds"] - start) / lattice.actions
        results.setdefault((name, lattice.actions), []).append(measured)

    for turn in range(repeats):
        lattice = Lattice(sizes["cold"], 100)
        folder = subfolder(root, f"engine-cold-{turn}")
        add("engine", lattice, meter(folder, *run_command(meter, lattice, "store")))
        add("bare syncs", lattice, meter(folder, meter.engine, "syncs", "-actions", str(lattice.actions), "-store", "syncs"))
        lattice = Lattice(sizes["process"], 100)
        add("engine, a process a stage", lattice, meter(folder, *run_command(meter, lattice, "shell", "-process")))
        if tool("ninja"):
            folder = subfolder(root, f"ninja-cold-{turn}")
            add("ninja", lattice, meter(folder, *ninja_folder(folder, lattice)))
    if tool("snakemake"):
        lattice = Lattice(sizes["snakemake_cold"], 50)
        folder = subfolder(root, "snakemake-cold")
        command = snakemake_folder(folder, lattice, False)
        cold = meter(folder, *command)
        add("snakemake", lattice, cold, meter(folder, *command)["seconds"])
    if tool("dvc"):
        lattice = Lattice(sizes["dvc_cold"], 5)
        folder = subfolder(root, "dvc-cold")
        command = dvc_folder(folder, lattice, False)
        cold = meter(folder, *command)
        add("dvc", lattice, cold, meter(folder, *command)["seconds"])
    return results


def table(title, results, unit, factor, reference):
    print(f"\n{title}\n")
    print(f"| tool | stages | least {unit} | median {unit} | peak MB | × engine |")
    print("|---|---:|---:|---:|---:|---:|")
    for (name, actions), measured in sorted(results.items(), key=lambda r: (r[0][1], r[0][0])):
        seconds = [m["seconds"] for m in measured]
        ratio = min(seconds) / reference(actions)
        print(f"| {name} | {actions} | {factor * min(seconds):.3f} | {factor * statistics.median(seconds):.3f} "
              f"| {max(m['peak'] for m in measured) / 1e6:.1f} | {ratio:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", required=True, help="the built Go program of this folder")
    parser.add_argument("--dir", help="where to work; the system's folder for temporaries otherwise")
    parser.add_argument("--quick", action="store_true", help="smaller graphs, to try the recipe")
    arguments = parser.parse_args()
    sizes = dict(noop=10_000, cold=10_000, process=2000, snakemake_noop=10_000, snakemake_cold=1000, dvc_noop=500, dvc_cold=20)
    if arguments.quick:
        sizes = dict(noop=1000, cold=1000, process=200, snakemake_noop=500, snakemake_cold=50, dvc_noop=100, dvc_cold=5)
    meter = Meter(arguments.engine)
    for name in ("ninja", "snakemake", "dvc"):
        path = tool(name)
        version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout.strip() if path else "not installed, left out"
        print(f"{name}: {version}")
    print(f"cores: {len(os.sched_getaffinity(0))}, load before: {os.getloadavg()[0]:.1f}")
    root = tempfile.mkdtemp(prefix="engine-peers-", dir=arguments.dir)
    try:
        # Nothing is removed before the end: for some seconds afterwards
        # ext4 creates files more slowly.
        noops = rows_of_noops(meter, root, sizes, 10)
        cold = rows_of_cold(meter, root, sizes, 3)
    finally:
        shutil.rmtree(root)
    print(f"load after: {os.getloadavg()[0]:.1f}")
    table("A run that does nothing", noops, "s", 1,
          lambda actions: min(m["seconds"] for m in noops["engine", actions]))
    engine = next(min(m["seconds"] for m in measured) for (name, _), measured in cold.items() if name == "engine")
    table("A cold stage (engine: durable; Snakemake and DVC: without their start)", cold, "ms", 1000, lambda _: engine)


if __name__ == "__main__":
    main()
