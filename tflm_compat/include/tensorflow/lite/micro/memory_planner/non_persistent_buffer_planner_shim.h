// Not part of the shim.
#error "tinyengine_tf: memory was planned when the model was converted; the interpreter takes any arena"
