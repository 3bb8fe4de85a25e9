"""What an architecture costs on a device. Nothing here imports TensorFlow."""
