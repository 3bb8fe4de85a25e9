// TFLM's operators: their Add names, the suffix of BuiltinOperator_ and Register_, custom operators' own names.
#ifndef TINYENGINE_TF_TFLM_OPS_H_
#define TINYENGINE_TF_TFLM_OPS_H_

// X(name in Add<name>(), suffix of BuiltinOperator_<suffix> and Register_<suffix>())
#define TE_TFLM_BUILTIN_OPS(X) \
  X(Add, ADD) \
  X(AveragePool2D, AVERAGE_POOL_2D) \
  X(Concatenation, CONCATENATION) \
  X(Conv2D, CONV_2D) \
  X(DepthwiseConv2D, DEPTHWISE_CONV_2D) \
  X(DepthToSpace, DEPTH_TO_SPACE) \
  X(Dequantize, DEQUANTIZE) \
  X(EmbeddingLookup, EMBEDDING_LOOKUP) \
  X(Floor, FLOOR) \
  X(FullyConnected, FULLY_CONNECTED) \
  X(L2Normalization, L2_NORMALIZATION) \
  X(L2Pool2D, L2_POOL_2D) \
  X(Logistic, LOGISTIC) \
  X(MaxPool2D, MAX_POOL_2D) \
  X(Mul, MUL) \
  X(Relu, RELU) \
  X(Relu6, RELU6) \
  X(Reshape, RESHAPE) \
  X(ResizeBilinear, RESIZE_BILINEAR) \
  X(Softmax, SOFTMAX) \
  X(SpaceToDepth, SPACE_TO_DEPTH) \
  X(Svdf, SVDF) \
  X(Tanh, TANH) \
  X(Pad, PAD) \
  X(Gather, GATHER) \
  X(BatchToSpaceNd, BATCH_TO_SPACE_ND) \
  X(SpaceToBatchNd, SPACE_TO_BATCH_ND) \
  X(Transpose, TRANSPOSE) \
  X(Mean, MEAN) \
  X(Sub, SUB) \
  X(Div, DIV) \
  X(Squeeze, SQUEEZE) \
  X(UnidirectionalSequenceLSTM, UNIDIRECTIONAL_SEQUENCE_LSTM) \
  X(StridedSlice, STRIDED_SLICE) \
  X(Exp, EXP) \
  X(Split, SPLIT) \
  X(LogSoftmax, LOG_SOFTMAX) \
  X(Cast, CAST) \
  X(Prelu, PRELU) \
  X(Maximum, MAXIMUM) \
  X(ArgMax, ARG_MAX) \
  X(Minimum, MINIMUM) \
  X(Less, LESS) \
  X(Neg, NEG) \
  X(PadV2, PADV2) \
  X(Greater, GREATER) \
  X(GreaterEqual, GREATER_EQUAL) \
  X(LessEqual, LESS_EQUAL) \
  X(Slice, SLICE) \
  X(Sin, SIN) \
  X(TransposeConv, TRANSPOSE_CONV) \
  X(ExpandDims, EXPAND_DIMS) \
  X(Equal, EQUAL) \
  X(NotEqual, NOT_EQUAL) \
  X(Log, LOG) \
  X(Sum, SUM) \
  X(Sqrt, SQRT) \
  X(Rsqrt, RSQRT) \
  X(Shape, SHAPE) \
  X(ArgMin, ARG_MIN) \
  X(ReduceMax, REDUCE_MAX) \
  X(Pack, PACK) \
  X(LogicalOr, LOGICAL_OR) \
  X(LogicalAnd, LOGICAL_AND) \
  X(LogicalNot, LOGICAL_NOT) \
  X(Unpack, UNPACK) \
  X(ReduceMin, REDUCE_MIN) \
  X(FloorDiv, FLOOR_DIV) \
  X(Square, SQUARE) \
  X(ZerosLike, ZEROS_LIKE) \
  X(Fill, FILL) \
  X(FloorMod, FLOOR_MOD) \
  X(ResizeNearestNeighbor, RESIZE_NEAREST_NEIGHBOR) \
  X(LeakyRelu, LEAKY_RELU) \
  X(SquaredDifference, SQUARED_DIFFERENCE) \
  X(MirrorPad, MIRROR_PAD) \
  X(Abs, ABS) \
  X(SplitV, SPLIT_V) \
  X(Ceil, CEIL) \
  X(ReverseV2, REVERSE_V2) \
  X(AddN, ADD_N) \
  X(GatherNd, GATHER_ND) \
  X(Cos, COS) \
  X(Elu, ELU) \
  X(Quantize, QUANTIZE) \
  X(Round, ROUND) \
  X(HardSwish, HARD_SWISH) \
  X(If, IF) \
  X(While, WHILE) \
  X(SelectV2, SELECT_V2) \
  X(BatchMatMul, BATCH_MATMUL) \
  X(CumSum, CUMSUM) \
  X(CallOnce, CALL_ONCE) \
  X(BroadcastTo, BROADCAST_TO) \
  X(ReduceAll, REDUCE_ALL) \
  X(VarHandle, VAR_HANDLE) \
  X(ReadVariable, READ_VARIABLE) \
  X(AssignVariable, ASSIGN_VARIABLE) \
  X(BroadcastArgs, BROADCAST_ARGS) \
  X(DynamicUpdateSlice, DYNAMIC_UPDATE_SLICE)

// X(name in Add<name>(), suffix of Register_<suffix>(), name of the custom operator in the .tflite file)
#define TE_TFLM_CUSTOM_OPS(X) \
  X(CircularBuffer, CIRCULAR_BUFFER, "CIRCULAR_BUFFER") \
  X(Decode, DECODE, "TFLM_DECODE") \
  X(Delay, DELAY, "SignalDelay") \
  X(DetectionPostprocess, DETECTION_POSTPROCESS, "TFLite_Detection_PostProcess") \
  X(Energy, ENERGY, "SignalEnergy") \
  X(EthosU, ETHOSU, "ethos-u") \
  X(FftAutoScale, FFT_AUTO_SCALE, "SignalFftAutoScale") \
  X(FilterBank, FILTER_BANK, "SignalFilterBank") \
  X(FilterBankLog, FILTER_BANK_LOG, "SignalFilterBankLog") \
  X(FilterBankSquareRoot, FILTER_BANK_SQUARE_ROOT, "SignalFilterBankSquareRoot") \
  X(FilterBankSpectralSubtraction, FILTER_BANK_SPECTRAL_SUBTRACTION, "SignalFilterBankSpectralSubtraction") \
  X(Framer, FRAMER, "SignalFramer") \
  X(Irfft, IRFFT, "SignalIrfft") \
  X(OverlapAdd, OVERLAP_ADD, "SignalOverlapAdd") \
  X(PCAN, PCAN, "SignalPCAN") \
  X(Rfft, RFFT, "SignalRfft") \
  X(Stacker, STACKER, "SignalStacker") \
  X(Window, WINDOW, "SignalWindow")

// X(suffix of a Register_<suffix>() that names types of data). TFLM has some of them, its ports others, so every built-in
// operator gets _FLOAT32, _INT16, _INT8 and _INT4 (see micro_ops.h), and these are the names that fit no such pattern.
#define TE_TFLM_TYPED_REGISTRATIONS(X) \
  X(CONV_2D_INT8REF) \
  X(DEQUANTIZE_INT8_FLOAT32) \
  X(L2NORM_REF) \
  X(QUANTIZE_FLOAT32_INT8) \
  X(QUANTIZE_FLOAT32_INT16) \
  X(QUANTIZE_INT8_INT8) \
  X(SOFTMAX_INT8_INT16)

// The same for registrations that TFLM returns by pointer.
#define TE_TFLM_TYPED_CUSTOM_REGISTRATIONS(X) \
  X(IRFFT_FLOAT) \
  X(IRFFT_INT16) \
  X(IRFFT_INT32) \
  X(OVERLAP_ADD_FLOAT) \
  X(OVERLAP_ADD_INT16) \
  X(RFFT_FLOAT) \
  X(RFFT_INT16) \
  X(RFFT_INT32)

#endif  // TINYENGINE_TF_TFLM_OPS_H_
