// printf-style formatting without the C library's, which costs tens of kilobytes of flash on a microcontroller.
//
// Understands the flags - + space 0 #, width, precision, * for both, the lengths hh h l ll j z t, and the conversions
// d i u x X o c s p f F e E g G and %%. Floating point is printed with at most 9 decimals; a value halfway between two
// of the last digit may be rounded either way.
#ifndef TINYENGINE_TF_TFLM_FORMAT_H_
#define TINYENGINE_TF_TFLM_FORMAT_H_

#include <cstdarg>
#include <cstddef>
#include <cstdint>

namespace tinyengine_tf {

// Receives formatted text piece by piece, and counts it.
struct TextSink {
  void (*write)(TextSink* sink, const char* text, std::size_t length);
  std::size_t total;
};

struct FormatSpec {
  bool left, plus, space, zero, alternate;
  int width;
  int precision;  // -1: none given
};

inline void Emit(TextSink* sink, const char* text, std::size_t length) {
  sink->total += length;
  sink->write(sink, text, length);
}

inline void EmitRepeated(TextSink* sink, char c, int count) {
  for (; count > 0; --count) {
    Emit(sink, &c, 1);
  }
}

// Pads `prefix` (sign or 0x) and `body` to the width.
inline void EmitField(TextSink* sink, const FormatSpec& spec, const char* prefix, int prefix_length, const char* body,
                      int body_length, bool zero_fill) {
  const int fill = spec.width - prefix_length - body_length;
  if (!spec.left && !zero_fill) {
    EmitRepeated(sink, ' ', fill);
  }
  Emit(sink, prefix, static_cast<std::size_t>(prefix_length));
  if (!spec.left && zero_fill) {
    EmitRepeated(sink, '0', fill);
  }
  Emit(sink, body, static_cast<std::size_t>(body_length));
  if (spec.left) {
    EmitRepeated(sink, ' ', fill);
  }
}

// Writes `value` right-aligned so that it ends before `end`; returns its first character. At least `min_digits`.
inline char* WriteDigits(char* end, std::uint64_t value, unsigned base, bool upper, int min_digits) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  char* begin = end;
  while (value != 0 || min_digits > 0) {
    *--begin = digits[value % base];
    value /= base;
    --min_digits;
  }
  return begin;
}

inline void EmitInteger(TextSink* sink, const FormatSpec& spec, std::uint64_t magnitude, bool negative,
                        char conversion) {
  const bool is_signed = conversion == 'd' || conversion == 'i';
  const unsigned base = (conversion == 'x' || conversion == 'X') ? 16u : (conversion == 'o' ? 8u : 10u);
  char buffer[64];
  int min_digits = spec.precision < 0 ? 1 : spec.precision;
  min_digits = min_digits > 40 ? 40 : min_digits;
  const char* const body = WriteDigits(buffer + sizeof(buffer), magnitude, base, conversion == 'X', min_digits);
  char prefix[2];
  int prefix_length = 0;
  if (is_signed && (negative || spec.plus || spec.space)) {
    prefix[prefix_length++] = negative ? '-' : (spec.plus ? '+' : ' ');
  } else if (spec.alternate && base == 16u && magnitude != 0) {
    prefix[prefix_length++] = '0';
    prefix[prefix_length++] = conversion;
  }
  EmitField(sink, spec, prefix, prefix_length, body, static_cast<int>(buffer + sizeof(buffer) - body),
            spec.zero && spec.precision < 0);
}

// Writes a finite, non-negative value in fixed notation; returns the length. `out` holds at least 64 characters.
inline int WriteFixed(char* out, double value, int decimals) {
  std::uint64_t scale = 1;
  for (int i = 0; i < decimals; ++i) {
    scale *= 10u;
  }
  int zeros = 0;  // digits left of the decimal point that no longer fit into 64 bits
  while (value >= 1e9 && zeros < 30 && value * static_cast<double>(scale) >= 1e19) {
    if (value < 1e18) {  // a big number: its decimals are beyond the precision of a double
      scale = 1;
      break;
    }
    value /= 10.0;
    ++zeros;
    scale = 1;
  }
  const double scaled = value * static_cast<double>(scale);
  std::uint64_t rounded = static_cast<std::uint64_t>(scaled);
  const double rest = scaled - static_cast<double>(rounded);
  if (rest > 0.5 || (rest == 0.5 && (rounded & 1u) != 0)) {
    ++rounded;
  }
  char digits[24];
  char* const end = digits + sizeof(digits);
  int length = 0;
  for (const char* p = WriteDigits(end, rounded / scale, 10u, false, 1); p != end; ++p) {
    out[length++] = *p;
  }
  for (; zeros > 0; --zeros) {
    out[length++] = '0';
  }
  if (decimals > 0) {
    out[length++] = '.';
    int written = 0;
    if (scale > 1) {
      for (const char* p = WriteDigits(end, rounded % scale, 10u, false, decimals); p != end; ++p, ++written) {
        out[length++] = *p;
      }
    }
    for (; written < decimals; ++written) {
      out[length++] = '0';
    }
  }
  return length;
}

// Scales a positive value into [1, 10) and returns its decimal exponent.
inline int Normalise(double* value) {
  int exponent = 0;
  if (*value > 0.0) {
    for (; *value >= 10.0; ++exponent) {
      *value /= 10.0;
    }
    for (; *value < 1.0; --exponent) {
      *value *= 10.0;
    }
  }
  return exponent;
}

inline int TrimZeros(const char* text, int length) {
  bool has_point = false;
  for (int i = 0; i < length; ++i) {
    has_point = has_point || text[i] == '.';
  }
  while (has_point && text[length - 1] == '0') {
    --length;
  }
  return (has_point && text[length - 1] == '.') ? length - 1 : length;
}

inline void EmitFloat(TextSink* sink, const FormatSpec& spec, double value, char conversion) {
  const bool upper = conversion < 'a';
  const char lower = upper ? static_cast<char>(conversion + ('a' - 'A')) : conversion;
  const bool negative = value < 0.0 || (value == 0.0 && 1.0 / value < 0.0);
  char prefix[1];
  int prefix_length = 0;
  if (negative || spec.plus || spec.space) {
    prefix[prefix_length++] = negative ? '-' : (spec.plus ? '+' : ' ');
  }
  value = negative ? -value : value;
  if (value != value || value - value != 0.0) {
    const bool is_nan = value != value;
    const char* const text = is_nan ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
    EmitField(sink, spec, prefix, prefix_length, text, 3, false);
    return;
  }
  int decimals = spec.precision < 0 ? 6 : spec.precision;
  decimals = decimals > 9 ? 9 : decimals;
  double mantissa = value;
  int exponent = Normalise(&mantissa);
  bool scientific = lower == 'e' || (lower == 'f' && value >= 1e40);
  if (lower == 'g') {
    decimals = decimals == 0 ? 1 : decimals;
    scientific = exponent < -4 || exponent >= decimals;
    decimals = scientific ? decimals - 1 : decimals - 1 - exponent;
    decimals = decimals > 9 ? 9 : decimals;
  }
  char body[80];
  int length = WriteFixed(body, scientific ? mantissa : value, decimals);
  if (scientific && body[0] == '1' && body[1] == '0') {  // 9.99 rounded up to 10.0
    length = WriteFixed(body, 1.0, decimals);
    ++exponent;
  }
  if (lower == 'g' && !spec.alternate) {
    length = TrimZeros(body, length);
  }
  if (scientific) {
    body[length++] = upper ? 'E' : 'e';
    body[length++] = exponent < 0 ? '-' : '+';
    char digits[4];
    const unsigned magnitude = static_cast<unsigned>(exponent < 0 ? -exponent : exponent);
    for (const char* p = WriteDigits(digits + 4, magnitude, 10u, false, 2); p != digits + 4; ++p) {
      body[length++] = *p;
    }
  }
  EmitField(sink, spec, prefix, prefix_length, body, length, spec.zero);
}

enum class Length { kInt, kChar, kShort, kLong, kLongLong, kMax, kSize, kDiff };

// Where the arguments come from: a va_list cannot be passed on by reference portably, a struct that holds one can.
struct ArgumentList {
  va_list values;
};

inline std::int64_t NextSigned(ArgumentList* list, Length length) {
  switch (length) {
    case Length::kChar: return static_cast<signed char>(va_arg(list->values, int));
    case Length::kShort: return static_cast<short>(va_arg(list->values, int));
    case Length::kLong: return va_arg(list->values, long);
    case Length::kLongLong: return va_arg(list->values, long long);
    case Length::kMax: return va_arg(list->values, std::intmax_t);
    case Length::kSize:
    case Length::kDiff: return va_arg(list->values, std::ptrdiff_t);
    default: return va_arg(list->values, int);
  }
}

inline std::uint64_t NextUnsigned(ArgumentList* list, Length length) {
  switch (length) {
    case Length::kChar: return static_cast<unsigned char>(va_arg(list->values, unsigned));
    case Length::kShort: return static_cast<unsigned short>(va_arg(list->values, unsigned));
    case Length::kLong: return va_arg(list->values, unsigned long);
    case Length::kLongLong: return va_arg(list->values, unsigned long long);
    case Length::kMax: return va_arg(list->values, std::uintmax_t);
    case Length::kSize:
    case Length::kDiff: return va_arg(list->values, std::size_t);
    default: return va_arg(list->values, unsigned);
  }
}

// Reads a number or '*' at *at and moves behind it; -1 where there is none.
inline int ReadCount(const char** at, ArgumentList* list) {
  if (**at == '*') {
    ++*at;
    return va_arg(list->values, int);
  }
  int count = -1;
  for (; **at >= '0' && **at <= '9'; ++*at) {
    count = (count < 0 ? 0 : count) * 10 + (**at - '0');
  }
  return count;
}

// Reads flags, width and precision behind a '%' and moves *at to the length.
inline FormatSpec ReadSpec(const char** at, ArgumentList* list) {
  FormatSpec spec = {false, false, false, false, false, 0, -1};
  for (bool more = true; more;) {
    switch (**at) {
      case '-': spec.left = true; break;
      case '+': spec.plus = true; break;
      case ' ': spec.space = true; break;
      case '0': spec.zero = true; break;
      case '#': spec.alternate = true; break;
      default: more = false;
    }
    *at += more ? 1 : 0;
  }
  spec.width = ReadCount(at, list);
  if (spec.width < -1) {
    spec.left = true;
    spec.width = -spec.width;
  }
  if (**at == '.') {
    ++*at;
    spec.precision = ReadCount(at, list);
    spec.precision = spec.precision < 0 ? 0 : spec.precision;
  }
  return spec;
}

inline Length ReadLength(const char** at) {
  Length length = Length::kInt;
  switch (**at) {
    case 'h': length = Length::kShort; break;
    case 'l': length = Length::kLong; break;
    case 'j': length = Length::kMax; break;
    case 'z': length = Length::kSize; break;
    case 't': length = Length::kDiff; break;
    default: return length;
  }
  ++*at;
  if (**at == 'h' && length == Length::kShort) {
    ++*at;
    return Length::kChar;
  }
  if (**at == 'l' && length == Length::kLong) {
    ++*at;
    return Length::kLongLong;
  }
  return length;
}

inline void EmitString(TextSink* sink, const FormatSpec& spec, const char* text) {
  text = text == nullptr ? "(null)" : text;
  int length = 0;
  while ((spec.precision < 0 || length < spec.precision) && text[length] != '\0') {
    ++length;
  }
  EmitField(sink, spec, "", 0, text, length, false);
}

inline void EmitConversion(TextSink* sink, FormatSpec spec, Length length, char conversion, ArgumentList* list) {
  switch (conversion) {
    case 'd':
    case 'i': {
      const std::int64_t value = NextSigned(list, length);
      const std::uint64_t bits = static_cast<std::uint64_t>(value);
      EmitInteger(sink, spec, value < 0 ? 0u - bits : bits, value < 0, 'd');
      break;
    }
    case 'u':
    case 'x':
    case 'X':
    case 'o': EmitInteger(sink, spec, NextUnsigned(list, length), false, conversion); break;
    case 'p':
      spec.alternate = true;
      EmitInteger(sink, spec, reinterpret_cast<std::uintptr_t>(va_arg(list->values, void*)), false, 'x');
      break;
    case 'c': {
      const char c = static_cast<char>(va_arg(list->values, int));
      EmitField(sink, spec, "", 0, &c, 1, false);
      break;
    }
    case 's': EmitString(sink, spec, va_arg(list->values, const char*)); break;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G': EmitFloat(sink, spec, va_arg(list->values, double), conversion); break;
    default: Emit(sink, &conversion, 1);
  }
}

// Formats into `sink`; returns the number of characters, as vprintf does.
inline int FormatText(TextSink* sink, const char* format, va_list arguments) {
  ArgumentList list;
  va_copy(list.values, arguments);
  const char* at = format;
  while (*at != '\0') {
    const char* const literal = at;
    while (*at != '\0' && *at != '%') {
      ++at;
    }
    Emit(sink, literal, static_cast<std::size_t>(at - literal));
    if (*at == '%') {
      ++at;
      const FormatSpec spec = ReadSpec(&at, &list);
      const Length length = ReadLength(&at);
      if (*at != '\0') {
        EmitConversion(sink, spec, length, *at++, &list);
      }
    }
  }
  va_end(list.values);
  return static_cast<int>(sink->total);
}

}  // namespace tinyengine_tf

#endif  // TINYENGINE_TF_TFLM_FORMAT_H_
