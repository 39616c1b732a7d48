"""Peers of the family `kernel`: what users of other libraries write for a product with a Gaussian kernel matrix."""

import numpy as np
from protocol import peer, serve

# Queries that are worked on at a time: their rows of the kernel matrix fit in memory.
BLOCK = 2048


@peer(cases="kernel/*", needs=["numpy", "scikit-learn"])
def sklearn_rbf_kernel(problem):
    """Blocks of the kernel matrix by `rbf_kernel`, each multiplied."""
    from sklearn.metrics.pairwise import rbf_kernel

    queries, keys, x = problem["queries"], problem["keys"], problem["x"]

    def run():
        blocks = range(0, len(queries), BLOCK)
        return np.concatenate([rbf_kernel(queries[i : i + BLOCK], keys, gamma=0.5) @ x for i in blocks])

    return run


@peer(cases="kernel/*", needs=["numpy", "scipy"])
def scipy_cdist(problem):
    """Blocks of squared distances by `cdist`, exponentials in place, each multiplied."""
    from scipy.spatial.distance import cdist

    queries, keys, x = problem["queries"], problem["keys"], problem["x"]

    def run():
        parts = []
        for i in range(0, len(queries), BLOCK):
            block = cdist(queries[i : i + BLOCK], keys, "sqeuclidean")
            block *= -0.5
            parts.append(np.exp(block, out=block) @ x)
        return np.concatenate(parts)

    return run


@peer(cases="kernel/*", needs=["numpy", "pykeops"])
def keops_cpu(problem):
    """A lazy reduction by KeOps on the CPU; it compiles before the first timed run."""
    from pykeops.numpy import LazyTensor

    q = LazyTensor(np.ascontiguousarray(problem["queries"])[:, None, :])
    k = LazyTensor(np.ascontiguousarray(problem["keys"])[None, :, :])
    x = np.ascontiguousarray(problem["x"])[:, None]

    def run():
        return ((-((q - k) ** 2).sum(-1) / 2).exp() @ x).ravel()

    return run


if __name__ == "__main__":
    serve()
