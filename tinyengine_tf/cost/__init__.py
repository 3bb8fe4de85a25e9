"""What a layer costs on a core: its work times a table of measured kernels, or a guess that says it is one.

division     how a kernel divides its work
features     operator, calls, division -> counts that the work is made of
table        tables/CORE.json -> instructions of each count, per kernel
prediction   the sum, and whether it was measured
"""
