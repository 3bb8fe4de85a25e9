"""Networks in tf_keras: one concrete architecture, and the super-network that contains them all."""
