//! The Python extension module: conversions only, no logic.
