/* Recognises the recordings named on the command line (raw int16, one second each); prints a digit for each. Plain
 * read and write, so that it is the same program on a computer and on an emulated microcontroller. */
#include <fcntl.h>
#include <unistd.h>

#include "recogniser.h"

static int recognise(const char *path) {
  int16_t samples[64];
  const int file = open(path, O_RDONLY);
  if (file < 0) return -2;
  int digit = -1;
  for (long bytes; digit == -1 && (bytes = read(file, samples, sizeof samples)) > 0;) {
    const int count = (int)bytes / 2;
    for (int i = 0; i < count && digit == -1; ++i) digit = recogniser_take(samples[i]);
  }
  close(file);
  return digit;
}

int main(int argc, char **argv) {
  if (recogniser_init() != 0) return 1;
  for (int i = 1; i < argc; ++i) {
    const int digit = recognise(argv[i]);
    if (digit < 0) return 2;
    const char text[2] = {(char)('0' + digit), '\n'};
    if (write(1, text, sizeof text) != (long)sizeof text) return 3;
  }
  return 0;
}
