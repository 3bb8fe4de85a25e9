"""MobileNet-like networks: a stem, inverted bottlenecks (MBConv) in stages, global average and a classifier."""
