//! Approximate products.
