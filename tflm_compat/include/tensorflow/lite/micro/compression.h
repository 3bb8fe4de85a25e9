// Not part of the shim.
#error "tinyengine_tf: compressed models are not converted"
