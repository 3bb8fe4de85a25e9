/* Runs every sample of input.bin through the network; writes output.bin, record.bin and, when traced, event.bin.
 *
 *   input.bin   u32 number of samples; then per sample the bytes of every input
 *   output.bin  per sample the bytes of every output
 *   record.bin  te_record of an empty call, of a counted loop, of init; then one of each invoke
 *   event.bin   per event: u32 layer, output (-1: tick), bytes; te_time of the last exit and of this entry; the bytes
 *
 * Files are reached through semihosting, so there is no C library here and nothing that would blur code sizes. */
#include "harness.h"
#include "te_config.h"

#define TE_LOOP_COUNT 1000u

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { READ_BINARY = 1, WRITE_BINARY = 5 };

static intptr_t events = -1;
static te_time last_exit;

#ifdef TE_CALLER_ARENA
static uint64_t arena[(TE_ARENA_BYTES + 7) / 8 + 2];
#endif

void te_print(const char *text) { te_semihost(SYS_WRITE0, text); }

void te_exit(int code)
{
    const intptr_t arguments[2] = {0x20026, code};
    te_semihost(SYS_EXIT_EXTENDED, arguments);
    for (;;) { }
}

static void fail(const char *text)
{
    te_print(text);
    te_exit(2);
}

static void print_hex(const char *label, uint32_t value)
{
    char text[11] = "0x00000000";
    for (int digit = 0; digit < 8; digit++) text[9 - digit] = "0123456789abcdef"[(value >> (4 * digit)) & 15u];
    te_print(label);
    te_print(text);
}

void te_fault(uint32_t cause, uint32_t program_counter, uint32_t address)
{
    print_hex("FAULT cause=", cause);
    print_hex(" pc=", program_counter);
    print_hex(" address=", address);
    te_print("\n");
    te_exit(3);
}

static intptr_t open_file(const char *name, intptr_t mode)
{
    intptr_t length = 0;
    while (name[length]) length++;
    const intptr_t arguments[3] = {(intptr_t)name, mode, length};
    const intptr_t handle = te_semihost(SYS_OPEN, arguments);
    if (handle < 0) fail("HARNESS cannot open a file\n");
    return handle;
}

static void close_file(intptr_t handle) { te_semihost(SYS_CLOSE, &handle); }

static void transfer(int operation, intptr_t handle, const void *data, size_t bytes)
{
    const intptr_t arguments[3] = {handle, (intptr_t)data, (intptr_t)bytes};
    if (bytes != 0 && te_semihost(operation, arguments) != 0) fail("HARNESS a file ended early or could not be written\n");
}

static te_time now(void)
{
    const uint64_t pair = te_now();
    const te_time time = {(uint32_t)pair, (uint32_t)(pair >> 32)};
    return time;
}

static void write_event(uint32_t layer, uint32_t output, const void *data, uint32_t bytes, te_time entry)
{
    const uint32_t head[7] = {layer, output, bytes, last_exit.ticks, last_exit.fine, entry.ticks, entry.fine};
    transfer(SYS_WRITE, events, head, sizeof head);
    transfer(SYS_WRITE, events, data, bytes);
}

/* Called by traced code when `output` of `layer` is complete. */
void TE_TRACE(int layer, int output, const void *data, size_t bytes)
{
    const te_time entry = now();
    if (events >= 0) write_event((uint32_t)layer, (uint32_t)output, data, (uint32_t)bytes, entry);
    last_exit = now();
}

/* Called by traced code after `layer`; what ran since the last hook returned belongs to it. */
void TE_TICK(int layer)
{
    const te_time entry = now();
    if (events >= 0) write_event((uint32_t)layer, 0xFFFFFFFFu, 0, 0, entry);
    last_exit = now();
}

static int traced_invoke(void)
{
    int status;
    TE_TICK(-2); /* a new sample begins */
    status = TE_INVOKE();
    TE_TICK(-3); /* what ran after the last layer */
    return status;
}

static te_record measure(intptr_t file, te_function *function, void *memory, size_t bytes)
{
    te_record record;
    te_measure(function, &record, memory, bytes);
    transfer(SYS_WRITE, file, &record, sizeof record);
    return record;
}

static void check(const char *function, te_record record)
{
    if (record.status == 0) return;
    te_print("STATUS ");
    te_print(function);
    print_hex(" returned ", (uint32_t)record.status);
    te_print("\n");
    te_exit(4);
}

int te_main(void)
{
    static const size_t input_bytes[] = TE_INPUT_BYTES, output_bytes[] = TE_OUTPUT_BYTES;
    const intptr_t in = open_file("input.bin", READ_BINARY), out = open_file("output.bin", WRITE_BINARY);
    const intptr_t records = open_file("record.bin", WRITE_BINARY);
    uint32_t header[2]; /* number of samples; 1: write events */
    transfer(SYS_READ, in, header, sizeof header);

    measure(records, te_empty, 0, 0);
    measure(records, te_loop, 0, TE_LOOP_COUNT);
#ifdef TE_CALLER_ARENA
    check("init", measure(records, (te_function *)TE_INIT, arena, TE_ARENA_BYTES));
#else
    check("init", measure(records, (te_function *)TE_INIT, 0, 0));
#endif
    if (header[1]) {
        events = open_file("event.bin", WRITE_BINARY);
        TE_TICK(-1); /* two adjacent hooks: what the second sees is the cost of a hook */
        TE_TICK(-1);
    }
    te_function *const invoke = header[1] ? (te_function *)traced_invoke : (te_function *)TE_INVOKE;
    for (uint32_t sample = 0; sample < header[0]; sample++) {
        for (int i = 0; i < TE_NUM_INPUTS; i++) transfer(SYS_READ, in, TE_INPUT(i), input_bytes[i]);
        check("invoke", measure(records, invoke, 0, 0));
        for (int i = 0; i < TE_NUM_OUTPUTS; i++) transfer(SYS_WRITE, out, TE_OUTPUT(i), output_bytes[i]);
    }
    close_file(in);
    close_file(out);
    close_file(records);
    if (events >= 0) close_file(events);
    return 0;
}
