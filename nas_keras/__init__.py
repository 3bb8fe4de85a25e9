"""Find, train and export int8 networks that fit a microcontroller, with the compiler as cost model."""
