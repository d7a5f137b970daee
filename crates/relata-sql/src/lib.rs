//! Values, rows, statements, renderers, the driver contract and the error of relata.
