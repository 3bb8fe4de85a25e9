"""Training: epochs that survive a kill, the super-network, the stages of a search that need TensorFlow."""
