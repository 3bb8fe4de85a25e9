"""Generated networks in Bazel: load("@tinyengine_tf//tinyengine_tf:defs.bzl", "tinyengine_tf_library")."""

def tinyengine_tf_library(
        name,
        model,
        target = "cortex-m4",
        optimize = "latency",
        model_symbol = None,
        length_symbol = None,
        **kwargs):
    """A cc_library that runs a .tflite model.

    Its header is NAME.h. It needs Python 3.11 or newer with the converter's packages (setup.cfg) as `python3`, or as
    what --action_env=TINYENGINE_TF_PYTHON=... names.

    Args:
      name: of the library; lower-case, it prefixes all C symbols.
      model: the .tflite file.
      target: core or board, as of `tinyengine_tf targets`.
      optimize: latency, balanced or ram.
      model_symbol: firmware's model array, for firmware written for TensorFlow Lite Micro: the library then brings
          TFLM's headers and defines this symbol.
      length_symbol: firmware's variable with the array's length, NAME or NAME:TYPE.
      **kwargs: further attributes of the cc_library, such as visibility.
    """
    folder = name + "_generated"
    sources = ["%s/src/%s%s" % (folder, name, end) for end in [".c", "_kernels.h", "_weights.c", "_weights.h"]]
    headers = ["%s/include/%s.h" % (folder, name)]
    options = ["--target", target, "--optimize", optimize, "--name", name]
    if model_symbol:
        sources.append("%s/src/%s_tflm.c" % (folder, name))
        headers.append("%s/include/tinyengine_tf/model.h" % folder)
        options += ["--compat", "tflm", "--model-symbol", "'%s'" % model_symbol]
        if length_symbol:
            options += ["--length-symbol", "'%s'" % length_symbol]
    native.genrule(
        name = name + "_convert",
        srcs = [model],
        outs = sources + headers,
        # The converter writes more than is declared (packagings for other build systems), so only this is copied.
        cmd = ("out=$$(mktemp -d) && " +
               "$(location {tool}) convert $(location {model}) --out $$out/c {options} >/dev/null && " +
               "for f in $(OUTS); do cp $$out/c/$${{f##*/{folder}/}} $$f || exit 1; done; rm -r $$out").format(
            tool = Label("//tinyengine_tf:convert.sh"),
            model = model,
            options = " ".join(options),
            folder = folder,
        ),
        tools = [Label("//tinyengine_tf:convert.sh"), Label("//tinyengine_tf:converter")],
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        copts = ["-std=c99"],
        includes = [folder + "/include"],
        deps = [Label("//tflm_compat:headers")] if model_symbol else [],
        **kwargs
    )
