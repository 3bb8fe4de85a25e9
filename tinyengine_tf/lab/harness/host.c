/* The host's counterpart of bare_metal.c: same files, but seconds instead of instructions.
 *
 *   record.bin  per sample: i64 nanoseconds of net_invoke
 *   event.bin   per event: u32 layer, output, bytes, four zero words; the bytes */
#define _POSIX_C_SOURCE 199309L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "te_config.h"

static FILE *events;

#ifdef TE_CALLER_ARENA
static uint64_t arena[(TE_ARENA_BYTES + 7) / 8 + 2];
#endif

static void transfer_failed(void)
{
    fputs("HARNESS a file ended early or could not be written\n", stderr);
    exit(2);
}

static FILE *open_file(const char *name, const char *mode)
{
    FILE *file = fopen(name, mode);
    if (!file) transfer_failed();
    return file;
}

static void load(FILE *file, void *data, size_t bytes)
{
    if (fread(data, 1, bytes, file) != bytes) transfer_failed();
}

static void store(FILE *file, const void *data, size_t bytes)
{
    if (fwrite(data, 1, bytes, file) != bytes) transfer_failed();
}

/* Called by traced code when `output` of `layer` is complete. */
void TE_TRACE(int layer, int output, const void *data, size_t bytes)
{
    const uint32_t head[7] = {(uint32_t)layer, (uint32_t)output, (uint32_t)bytes, 0, 0, 0, 0};
    if (!events) return;
    store(events, head, sizeof head);
    store(events, data, bytes);
}

/* Called by traced code after `layer`; the host does not count instructions. */
void TE_TICK(int layer)
{
    const uint32_t head[7] = {(uint32_t)layer, 0xFFFFFFFFu, 0, 0, 0, 0, 0};
    if (events) store(events, head, sizeof head);
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void check(const char *function, int status)
{
    if (status == 0) return;
    fprintf(stderr, "STATUS %s returned 0x%08x\n", function, (unsigned)status);
    exit(4);
}

int main(void)
{
    static const size_t input_bytes[] = TE_INPUT_BYTES, output_bytes[] = TE_OUTPUT_BYTES;
    FILE *in = open_file("input.bin", "rb"), *out = open_file("output.bin", "wb"), *records = open_file("record.bin", "wb");
    uint32_t header[2]; /* number of samples; 1: write events */
    load(in, header, sizeof header);
#ifdef TE_CALLER_ARENA
    check("init", TE_INIT(arena, TE_ARENA_BYTES));
#else
    check("init", TE_INIT(NULL, 0));
#endif
    if (header[1]) events = open_file("event.bin", "wb");
    for (uint32_t sample = 0; sample < header[0]; sample++) {
        for (int i = 0; i < TE_NUM_INPUTS; i++) load(in, TE_INPUT(i), input_bytes[i]);
        TE_TICK(-2); /* a new sample begins */
        const int64_t start = nanoseconds();
        check("invoke", TE_INVOKE());
        const int64_t duration = nanoseconds() - start;
        store(records, &duration, sizeof duration);
        for (int i = 0; i < TE_NUM_OUTPUTS; i++) store(out, TE_OUTPUT(i), output_bytes[i]);
    }
    if (fclose(in) || fclose(out) || fclose(records) || (events && fclose(events))) transfer_failed();
    return 0;
}
