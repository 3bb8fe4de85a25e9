// Compares the shim's own formatter with the C library's on every line of cases. (Values within 1e-15 of half a unit of
// the last digit printed are left out: there the own one may round the other way.)
#include <stdio.h>
#include <string.h>

#include "tinyengine_tf/tflm_platform.h"

static int failures = 0;

static void Own(char* buffer, size_t size, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  tinyengine_tf::VPrintToBuffer(buffer, size, format, arguments);
  va_end(arguments);
}

#define SAME(size, ...)                                            \
  do {                                                             \
    char own[size];                                                \
    char theirs[size];                                             \
    Own(own, sizeof(own), __VA_ARGS__);                            \
    snprintf(theirs, sizeof(theirs), __VA_ARGS__);                 \
    if (strcmp(own, theirs) != 0) {                                \
      printf("line %d: [%s] is not [%s]\n", __LINE__, own, theirs); \
      ++failures;                                                  \
    }                                                              \
  } while (0)

int main() {
  SAME(100, "no conversion at all");
  SAME(100, "%d %i %u %x %X %o %c %s %%", -5, 7, 4000000000u, 0xbeefu, 0xBEEFu, 8u, 'z', "text");
  SAME(100, "[%5d] [%-5d] [%05d] [%+d] [% d] [%.3d] [%8.3d] [%-8.3d]", 42, 42, -42, 42, 42, 7, -7, 7);
  SAME(100, "[%*d] [%-*d] [%.*d]", 6, 42, 6, 42, 4, 42);
  SAME(100, "[%#x] [%#08x] [%08X]", 255u, 255u, 0xabcu);
  SAME(100, "%ld %lu %lld %llu %zu %hd %hhd", -1L, 1UL, -9223372036854775807LL - 1, 18446744073709551615ULL,
       (size_t)12345, (short)-3, (signed char)-4);
  SAME(100, "[%10s] [%-10s] [%.2s]", "abc", "abc", "abc");
  SAME(100, "%f %f %f %f", 0.0, 1.0, -1.5, 3.141592653589793);
  SAME(100, "%.0f %.1f %.2f %.3f %.9f", 2.5, 0.051, 1.0051, 1234.5678, 0.123456789);
  SAME(100, "[%10.2f] [%-10.2f] [%010.2f] [%+.1f]", 3.14159, 3.14159, -3.14159, 2.0);
  SAME(100, "%.6f %.2f %f", 999999.999999, 0.999, 1e9);
  SAME(100, "%e %.2e %E %g %g %g %g %G", 12345.678, 0.00012345, 1.0, 0.0001, 123456.0, 1234567.0, 0.1, 1e-10);
  SAME(100, "%f %f %F", 1.0 / 0.0, -1.0 / 0.0, 1.0 / 0.0);
  SAME(100, "%.4f %.4f", 0.000051, 99.999951);
  SAME(10, "%s", "a text that is longer than the buffer");
  SAME(5, "%d", 123456);
  SAME(100, "%p", (void*)0x1234);
  for (int i = 0; i < 2000; ++i) {
    const double value = (i - 1000) * 0.37192873 + i * 0.001;
    SAME(100, "%.3f %.1f %d %8.2f", value, value, i * 7919, value * 1000);
  }
  printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
