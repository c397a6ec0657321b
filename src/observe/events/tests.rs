//! Against the real kernel.
