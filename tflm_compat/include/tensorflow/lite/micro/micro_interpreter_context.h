// Not part of the shim.
#error "tinyengine_tf: the model is compiled to C, so there is no graph or flatbuffer to look into"
