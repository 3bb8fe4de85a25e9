"""One output element from many: pools, sums, extremes, normalisations."""
