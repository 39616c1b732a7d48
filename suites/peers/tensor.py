"""Peers of the family `tensor`: TensorLy and pyttb, for decompositions into sums of products and into Tucker form.

Neither looks for a symmetric decomposition in a subspace. Their alternating least squares find a general one: R weights,
then the columns of each of the four factors. Fifty sweeps are what they are given.
"""

import numpy as np
from protocol import peer, serve

SWEEPS = 50


def general(weights, factors):
    """R weights and the columns of all factors."""
    return np.concatenate([np.ravel(weights), *(np.ravel(factor, order="F") for factor in factors)])


def tucker_values(core, factors):
    """Ranks, the core with the first index fastest, the columns of all factors."""
    return np.concatenate([core.shape, np.ravel(core, order="F"), *(np.ravel(f, order="F") for f in factors)])


@peer(cases="tensor/spm-d20-*", needs=["tensorly"])
def tensorly_parafac(problem):
    """Alternating least squares from a random start."""
    from tensorly.decomposition import parafac

    tensor, rank = problem["tensor"], int(problem["rank"])

    def run():
        found = parafac(tensor, rank, n_iter_max=SWEEPS, init="random", tol=0, random_state=1)
        return general(found.weights, found.factors)

    return run


@peer(cases="tensor/spm-d20-*", needs=["tensorly"])
def tensorly_symmetric_power(problem):
    """Power iteration on the tensor itself with subtraction of what it finds."""
    from tensorly.decomposition import symmetric_parafac_power_iteration

    tensor, rank = problem["tensor"], int(problem["rank"])

    def run():
        np.random.seed(1)
        weights, vectors = symmetric_parafac_power_iteration(tensor, rank, n_repeat=2, n_iteration=5)
        return np.concatenate([np.ravel(weights), np.ravel(vectors, order="F")])

    return run


@peer(cases="tensor/spm-d20-*", needs=["pyttb"])
def pyttb_cp_als(problem):
    """Alternating least squares from a random start."""
    import pyttb

    tensor, rank = pyttb.tensor(np.asfortranarray(problem["tensor"])), int(problem["rank"])

    def run():
        np.random.seed(1)
        found, _, _ = pyttb.cp_als(tensor, rank, stoptol=0, maxiters=SWEEPS, printitn=0)
        return general(found.weights, found.factor_matrices)

    return run


@peer(cases="tensor/hosvd-*", needs=["tensorly"])
def tensorly_tucker(problem):
    """Tucker form of the ranks that our tolerance gives, by a truncated decomposition and one sweep."""
    from tensorly.decomposition import tucker

    array, ranks = problem["coefficients"], [int(r) for r in problem["ranks"]]

    def run():
        core, factors = tucker(array, ranks, n_iter_max=1, init="svd", tol=0)
        return tucker_values(core, factors)

    return run


@peer(cases="tensor/hosvd-*", needs=["pyttb"])
def pyttb_hosvd(problem):
    """Truncated decomposition to the same tolerance, from Gram matrices."""
    import pyttb

    array, tolerance = pyttb.tensor(np.asfortranarray(problem["coefficients"])), float(problem["tolerance"])

    def run():
        found = pyttb.hosvd(array, tolerance, verbosity=0, sequential=False)
        return tucker_values(found.core.data, found.factor_matrices)

    return run


if __name__ == "__main__":
    serve()
