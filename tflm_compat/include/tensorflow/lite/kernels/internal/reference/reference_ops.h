// Not part of the shim.
#error "tinyengine_tf: a kernel of your own cannot run inside generated code; put its work before or after Invoke()"
