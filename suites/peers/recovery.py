"""Peers of the family `recovery`.

PyTorch is not among them: its Linux wheel on PyPI brings 0.5 GB and the CUDA libraries, for the same two products.
"""

import numpy as np
from protocol import peer, serve


@peer(cases="recovery/subgm-*", needs=["numpy"])
def numpy_two_products(problem):
    """SubGM as a NumPy user writes it on packed rows: two matrix-vector products of BLAS per iteration."""
    rows, y = problem["rows"], problem["y"]
    direction, alpha = problem["direction"].T, problem["alpha"]
    eta, rho, iterations = float(problem["eta"]), float(problem["rho"]), int(problem["iterations"])
    d = direction.shape[0]
    upper = np.triu_indices(d)
    # svec scales entries off the diagonal by √2, so that its inner products are those of the matrices.
    scale = np.where(upper[0] == upper[1], 1.0, np.sqrt(2.0))
    gradient = np.empty((d, d))

    def run():
        u = alpha / np.sqrt(d) * direction
        for t in range(iterations):
            residual = rows @ ((u @ u.T)[upper] * scale) - y
            packed = (np.sign(residual) @ rows) / (len(y) * scale)
            gradient[upper] = packed
            gradient.T[upper] = packed
            u = u - 2.0 * eta * rho**t * (gradient @ u)
        return u.T

    return run


if __name__ == "__main__":
    serve()
