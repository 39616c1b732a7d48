"""Peers of the family `factorize`: LAPACK through SciPy, with workspaces of the size that LAPACK asks for."""

import numpy as np
from protocol import peer, serve


def tall(problem):
    """The matrix in column-major order, as LAPACK reads it, with at least as many rows as columns."""
    return np.asfortranarray(problem["x"])


@peer(cases="factorize/svd-n*", needs=["numpy", "scipy"])
def lapack_gesdd(problem):
    """Divide and conquer on a bidiagonal form, with both sets of vectors."""
    from scipy.linalg import lapack

    x = tall(problem)
    lwork = int(lapack.dgesdd_lwork(*x.shape, compute_uv=1, full_matrices=0)[0])

    def run():
        _, values, _, info = lapack.dgesdd(x, compute_uv=1, full_matrices=0, lwork=lwork)
        assert info == 0
        return values

    return run


@peer(cases="factorize/svd-*", needs=["numpy", "scipy"])
def lapack_gejsv(problem):
    """Preconditioned Jacobi rotations, with both sets of vectors; `joba=0`, 'C', asks for what our variants promise."""
    from scipy.linalg import lapack

    x = tall(problem)
    m, n = x.shape
    lwork = max(2 * m + n, 6 * n + 2 * n * n, 4 * n + n * n + 64 * (m + n))

    def run():
        values, _, _, workout, _, info = lapack.dgejsv(x, joba=0, jobu=0, jobv=0, jobr=0, jobt=1, jobp=1, lwork=lwork)
        assert info == 0
        return np.sort(values * (workout[1] / workout[0]))[::-1]

    return run


if __name__ == "__main__":
    serve()
