"""The worker protocol for peers in Python: JSON lines on standard input and output, arrays in .npy files.

A family's file declares its peers and ends with `serve()`:

    @peer(cases="recovery/subgm-*", needs=["numpy"])
    def numpy_two_products(problem):
        ...                      # conversion and packing: not timed
        def run():
            ...                  # timed
            return values        # in the order that the problem defines
        return run

`problem` maps the names of the exported files to arrays. Import packages inside the function, so that a missing one
costs that peer alone.
"""

import importlib.metadata
import json
import os
import platform
import sys
import time

import numpy as np
import threadpoolctl

PROTOCOL = 1
PEERS = {}


def peer(cases, needs, instead=None):
    """Declares a peer for the cases that match a glob; `needs` names the packages whose versions are reported.

    A library that has no solver for the problem, but one for another of the same size, says in `instead` which: its
    time is shown, its output is not verified.
    """

    def declare(prepare):
        PEERS[prepare.__name__] = (cases, needs, prepare, instead)
        return prepare

    return declare


def serve():
    """Answers requests until the input ends."""
    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(line):
        answers.write(json.dumps(line) + "\n")
        answers.flush()

    answer({"protocol": PROTOCOL, "peers": [offer(name) for name in PEERS]})
    problems, ready = {}, {}
    for line in sys.stdin:
        try:
            request = json.loads(line)
            name, folder = request["variant"], request["input"]
            if name not in PEERS:
                answer({"error": f"there is no peer `{name}`", "kind": "missing"})
                continue
            if folder not in problems:
                problems, ready = {folder: load(folder)}, {}
            if name not in ready:
                ready[name] = PEERS[name][2](problems[folder])
                ready[name]()  # warm-up: compilation, caches, thread pools
            answer(measure(ready[name], request["iterations"], os.path.join(folder, f"output-{name}.npy")))
        except Exception as e:
            answer({"error": f"{type(e).__name__}: {e}", "kind": "failed"})


def measure(run, iterations, output):
    """Times `iterations` runs, then writes the last result."""
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for _ in range(iterations):
        values = run()
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    np.save(output, np.ascontiguousarray(values, dtype="<f8").ravel())
    return {"ns": wall, "cpu_ns": cpu, "output": output}


def load(folder):
    """The exported arrays by name; scalars are arrays without a dimension."""
    names = [name for name in os.listdir(folder) if name.endswith(".npy") and not name.startswith("output-")]
    return {name.removesuffix(".npy"): np.load(os.path.join(folder, name)) for name in names}


def offer(name):
    """What the harness is told about a peer: its cases and versions, or why it is absent."""
    cases, needs, _, instead = PEERS[name]
    try:
        versions = [f"{package} {importlib.metadata.version(package)}" for package in needs]
    except importlib.metadata.PackageNotFoundError as e:
        return {"name": name, "cases": cases, "versions": "", "absent": f"the package {e.name} is not installed"}
    found = {"name": name, "cases": cases, "versions": ", ".join([python(), *versions, *blas()])}
    return found | ({"instead": instead} if instead else {})


def python():
    return f"{platform.python_implementation()} {platform.python_version()}"


def blas():
    """The BLAS that NumPy really uses: its kernels depend on how it recognised the CPU."""
    found = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return [f"{b['internal_api']} {b['version']} ({b['architecture']}, threads: {b['num_threads']})" for b in found[:1]]
