"""Peers of the family `tensor`: TensorLy and pyttb, for decompositions into sums of products and into Tucker form.

Neither looks for a symmetric decomposition in a subspace. Their alternating least squares find a general one: R weights,
then the columns of each of the four factors. In twenty dimensions they are given five starts of fifty sweeps, of which the
first that arrives is taken; in forty, where a sweep takes seconds, one start of three.

Neither compresses a sum of terms without expanding it: that is part of what is timed.
"""

import numpy as np
from protocol import peer, serve

# A start that a valley holds up stays at a relative error of some percent.
ARRIVED = 1e-6


def effort(tensor):
    """Starts and sweeps of alternating least squares."""
    return (5, 50) if tensor.shape[0] <= 20 else (1, 3)


def general(weights, factors):
    """R weights and the columns of all factors."""
    return np.concatenate([np.ravel(weights), *(np.ravel(factor, order="F") for factor in factors)])


def tucker_values(core, factors):
    """Ranks, the core with the first index fastest, the columns of all factors."""
    return np.concatenate([core.shape, np.ravel(core, order="F"), *(np.ravel(f, order="F") for f in factors)])


@peer(cases="tensor/spm-*", needs=["tensorly"])
def tensorly_parafac(problem):
    """Alternating least squares from random starts."""
    from tensorly.decomposition import parafac

    tensor, rank = problem["tensor"], int(problem["rank"])
    starts, sweeps = effort(tensor)

    def run():
        for start in range(starts):
            found, errors = parafac(
                tensor, rank, n_iter_max=sweeps, init="random", tol=0, random_state=1 + start, return_errors=True
            )
            if errors[-1] < ARRIVED:
                break
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


@peer(cases="tensor/spm-*", needs=["pyttb"])
def pyttb_cp_als(problem):
    """Alternating least squares from random starts."""
    import pyttb

    tensor, rank = pyttb.tensor(np.asfortranarray(problem["tensor"])), int(problem["rank"])
    starts, sweeps = effort(tensor)

    def run():
        for start in range(starts):
            np.random.seed(1 + start)
            found, _, output = pyttb.cp_als(tensor, rank, stoptol=0, maxiters=sweeps, printitn=0)
            if 1 - output["fit"] < ARRIVED:
                break
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


def terms(problem):
    """Weights and factors of the coefficients in canonical form."""
    return problem["weights"], [problem[f"factor{n}"] for n in range(3)]


@peer(cases="tensor/rhosvd-*", needs=["tensorly"])
def tensorly_expanded_tucker(problem):
    """The whole array from its terms, then its Tucker form as above."""
    from tensorly import cp_to_tensor
    from tensorly.decomposition import tucker

    canonical, ranks = terms(problem), [int(r) for r in problem["ranks"]]

    def run():
        core, factors = tucker(cp_to_tensor(canonical), ranks, n_iter_max=1, init="svd", tol=0)
        return tucker_values(core, factors)

    return run


@peer(cases="tensor/rhosvd-*", needs=["pyttb"])
def pyttb_expanded_hosvd(problem):
    """The whole array from its terms, then its truncated decomposition as above."""
    import pyttb

    weights, factors = terms(problem)
    canonical = pyttb.ktensor([np.asfortranarray(factor) for factor in factors], weights)
    tolerance = float(problem["tolerance"])

    def run():
        found = pyttb.hosvd(canonical.full(), tolerance, verbosity=0, sequential=False)
        return tucker_values(found.core.data, found.factor_matrices)

    return run


if __name__ == "__main__":
    serve()
