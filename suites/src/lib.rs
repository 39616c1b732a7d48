//! Residual.
