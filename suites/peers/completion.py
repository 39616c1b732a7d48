"""Peers of the family `completion`: cmfrec's alternating least squares, and implicit's, which solves another problem.

cmfrec starts from random factors instead of a spectral start, so it is given five more sweeps.
"""

import numpy as np
from protocol import peer, serve


def cmfrec(problem, **settings):
    """The model without biases, and with so little regularization that the planted matrix is its solution."""
    from cmfrec import CMF
    from scipy.sparse import coo_array

    k = int(problem["rank"])
    shape = int(problem["m"]), int(problem["n"])
    entries = coo_array((problem["value"], (problem["row"].astype(np.int32), problem["column"].astype(np.int32))), shape)

    def run():
        model = CMF(
            k=k,
            lambda_=1e-10,
            niter=int(problem["sweeps"]) + 5,
            method="als",
            user_bias=False,
            item_bias=False,
            center=False,
            precompute_for_predictions=False,
            random_state=1,
            nthreads=1,
            use_float=False,
            verbose=False,
            **settings,
        ).fit(entries)
        return np.concatenate([model.A_.ravel(), model.B_.ravel()])

    return run


@peer(cases="completion/altmin-*", needs=["numpy", "cmfrec"])
def cmfrec_cholesky(problem):
    """An exact solve for each row."""
    return cmfrec(problem, use_cg=False)


@peer(cases="completion/altmin-*", needs=["numpy", "cmfrec"])
def cmfrec_cg(problem):
    """Three preconditioned steps for each row, exact solves in the last sweep. Without the preconditioner it ends at an
    error of 5e-5, whatever the number of sweeps and steps."""
    return cmfrec(problem, use_cg=True, max_cg_steps=3, precondition_cg=True, finalize_chol=True)


@peer(cases="completion/altmin-*", needs=["numpy", "implicit"], instead="implicit feedback, a weighted problem on all entries")
def implicit_als(problem):
    """Three steps of conjugate gradients for each row, in double precision."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix

    shape = int(problem["m"]), int(problem["n"])
    entries = csr_matrix((np.abs(problem["value"]), (problem["row"].astype(int), problem["column"].astype(int))), shape)

    def run():
        model = AlternatingLeastSquares(
            factors=int(problem["rank"]),
            iterations=int(problem["sweeps"]),
            dtype=np.float64,
            num_threads=1,
            random_state=1,
        )
        model.fit(entries, show_progress=False)
        return np.concatenate([model.user_factors.ravel(), model.item_factors.ravel()])

    return run


if __name__ == "__main__":
    serve()
