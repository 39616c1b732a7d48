"""Peers of the family `sketch`: FFHT, SciPy's sketch and solvers, and scikit-learn's random projections.

A peer draws a sketch of its own, so of a sketched matrix it returns one number, its squared Frobenius norm.
"""

import numpy as np
from protocol import peer, serve


@peer(cases="sketch/fwht-*", needs=["numpy", "FFHT-unofficial"])
def ffht(problem):
    """FFHT's transform in place, in C with AVX."""
    from ffht import fht_

    start = problem["input"].astype("<f4" if problem["bytes"] == 4 else "<f8")
    shown = problem["columns"].astype(int), problem["frequencies"].astype(int)
    work = np.empty_like(start)

    def run():
        work[:] = start
        for _ in range(int(problem["transforms"])):
            fht_(work)
        return work[shown] / problem["growth"]

    return run


@peer(cases="sketch/countsketch*", needs=["numpy", "scipy"])
def scipy_clarkson_woodruff(problem):
    """CountSketch as a sparse matrix product."""
    from scipy.linalg import clarkson_woodruff_transform

    a, m = problem["a_transposed"].T, int(problem["m"])
    rng = np.random.default_rng(1)

    def run():
        image = clarkson_woodruff_transform(a, m, rng)
        return [np.sum(image * image)]

    return run


@peer(cases="sketch/countsketch-small", needs=["numpy", "scikit-learn"])
def sklearn_sparse_projection(problem):
    """Very sparse random projection; it projects columns of the transpose."""
    from sklearn.random_projection import SparseRandomProjection

    a, m = problem["a_transposed"], int(problem["m"])

    def run():
        image = SparseRandomProjection(n_components=m, random_state=1).fit_transform(a)
        return [np.sum(np.asarray(image) ** 2)]

    return run


@peer(cases="sketch/lstsq-*", needs=["numpy", "scipy"])
def scipy_lstsq(problem):
    """LAPACK's gelsy: QR with column pivoting."""
    from scipy.linalg import lstsq

    a, b = problem["a_transposed"].T, problem["b"]

    def run():
        return lstsq(a, b, lapack_driver="gelsy", check_finite=False)[0]

    return run


@peer(cases="sketch/lstsq-*", needs=["numpy", "scipy"])
def scipy_lsqr(problem):
    """LSQR without a preconditioner, to rounding."""
    from scipy.sparse.linalg import lsqr

    a, b = problem["a_transposed"].T, problem["b"]

    def run():
        return lsqr(a, b, atol=1e-15, btol=1e-15)[0]

    return run


if __name__ == "__main__":
    serve()
