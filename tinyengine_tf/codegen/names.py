"""Which names a generated library may have: NAME becomes NAME.h, NAME_init() and its like, and a library NAME.

Its include folder goes on the include path, so that NAME.h must not hide a header that others include as <NAME.h>.
"""

from __future__ import annotations

import re

from tinyengine_tf.errors import UsageError

HEADERS = frozenset(
    # C, up to C23
    "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg "
    "stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar "
    "wchar wctype "
    # POSIX and what C libraries bring beside it
    "aio alloca ar byteswap cpio crypt dirent dlfcn elf endian envz err error execinfo fcntl features fmtmsg "
    "fnmatch ftw getopt glob grp iconv ifaddrs langinfo libgen libintl link malloc memory monetary mqueue ndbm "
    "netdb nl_types obstack paths poll process pthread pty pwd regex sched search semaphore shadow spawn strings "
    "stropts sysexits syslog termios trace ucontext ulimit unctrl unistd unwind utime utmp utmpx values wordexp "
    "picolibc newlib "
    # C++, where libraries have them with .h as well
    "exception fstream iomanip iostream new strstream typeinfo version "
    "auto_ptr backward_warning binders cxxabi hash_fun hashtable "
    # newlib, picolibc, glibc and GCC beside these
    "arm_bf16 arm_cde arm_cmse arm_fp16 arm_mve_types argp argz devctl envlock fastmath gcov ieee754 ieeefp mmintrin "
    "mntent nss omp picotls reent regdef resolv semihost stdfix stdio_ext syscall syslimits tar termio varargs "
    # what compilers and frameworks for microcontrollers put on every include path; file names may ignore case
    "arm_acle arm_mve arm_neon arduino cmsis_compiler cmsis_gcc freertos freertosconfig kernel sdkconfig spi "
    "wire".split()
)
KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class "
    "compl concept const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype "
    "default delete do double dynamic_cast else enum explicit export extern false final float for friend goto if "
    "import inline int long module mutable namespace new noexcept not not_eq nullptr operator or or_eq override "
    "private protected public register reinterpret_cast requires restrict return short signed sizeof static "
    "static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename "
    "typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq".split()
)
FUNCTIONS = frozenset(
    "abort abs acos asin atan atexit atof atoi atol bsearch calloc ceil clock close connect cos div exit exp fabs "
    "fclose fgets floor fmod fopen fork fprintf fputs fread free fscanf fseek ftell fwrite getc getchar getenv "
    "gets index isalpha isdigit isspace kill labs ldexp listen log longjmp main memchr memcmp memcpy memmove "
    "memset modf open perror pipe pow printf putc putchar puts qsort raise rand read realloc remove rename rewind "
    "rindex round scanf select send setbuf sin sinh sleep snprintf socket sprintf sqrt srand sscanf strcat strchr "
    "strcmp strcpy strcspn strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod strtok strtol "
    "strtoul system tan tanh tolower toupper ungetc vfprintf vprintf vsnprintf vsprintf wait write setup loop".split()
)
OBJECTS = frozenset(  # C libraries have these with _init, _run or _reset behind
    "atomic_flag cnd fts mtx posix_spawn_file_actions posix_spawnattr pthread_attr pthread_barrier "
    "pthread_barrierattr pthread_cond pthread_condattr pthread_mutex pthread_mutexattr pthread_rwlock "
    "pthread_rwlockattr pthread_spin sem atomic thrd tss k_mutex k_sem k_timer k_work".split()
)
LIBRARIES = frozenset("c crypt dl g gcc m nosys pthread rt stdc supc util".split())
BUILD_TARGETS = frozenset(
    "all clean depend edit_cache help install list_install_components package rebuild_cache test".split()
)
DEVICES = frozenset(["aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))])

_REASONS = (
    (HEADERS, "include/{name}.h would hide the header <{name}.h> of the C library, the compiler or a framework"),
    (KEYWORDS, "it is a keyword of C or C++"),
    (FUNCTIONS, "it is a function of the C library or of a framework"),
    (OBJECTS, "{name}_init() is a function of the C library or of an operating system"),
    (LIBRARIES, "lib{name}.a is a library that programs link"),
    (BUILD_TARGETS, "build systems have a target of this name"),
    (DEVICES, "Windows cannot have a file {name}.h"),
)


def check_name(name: str) -> None:
    """Raise UsageError, saying why and what to try, where `name` cannot be the name of a generated library."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise UsageError(
            f"{name[:60]!r} cannot prefix C symbols",
            hint="lower-case letters, digits and underscores, a letter first, at most 41, such as person_detect",
        )
    if name.startswith("te_"):
        raise UsageError(
            f"{name!r} cannot prefix C symbols: te_ begins those of every library", hint=f"net_{name}"[:41]
        )
    for names, reason in _REASONS:
        if name in names:
            raise UsageError(f"{name!r} cannot prefix C symbols: {reason.format(name=name)}", hint=f"{name}_net")
