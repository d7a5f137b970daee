//! SQL of every construct, dialects side by side.
