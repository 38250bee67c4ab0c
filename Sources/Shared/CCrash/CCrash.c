#define _GNU_SOURCE
#include "CCrash.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* The first address of the program in memory, and the first one after it. The linker defines both symbols. */
extern const char __ehdr_start[] __attribute__((weak, visibility("hidden")));
extern const char _end[] __attribute__((weak, visibility("hidden")));

static const int signals[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
enum { COUNT = sizeof signals / sizeof signals[0], STACK_SIZE = 64 * 1024 };

static struct sigaction previous[COUNT];
static char service_name[64];
static char instance_name[160];
static bool as_json;
static volatile sig_atomic_t is_installed;
static volatile sig_atomic_t has_told;

/* A line that is being built. Everything from here to `on_signal` may run inside a signal handler: no allocation, no lock, no stdio. */
struct line {
    char bytes[1024];
    size_t length;
};

static void add(struct line *line, const char *text) {
    while (*text && line->length < sizeof line->bytes - 1) line->bytes[line->length++] = *text++;
}

static void add_decimal(struct line *line, uint64_t value, int width) {
    char digits[21];
    int at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value || (int)sizeof digits - 1 - at < width);
    add(line, digits + at);
}

static void add_hex(struct line *line, uint64_t value) {
    char digits[17];
    int at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    add(line, "0x");
    add(line, digits + at);
}

/* Adds the time in UTC, ISO 8601 with milliseconds. The date is computed from the days since 1970 in the proleptic Gregorian calendar. */
static void add_time(struct line *line) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t days = now.tv_sec / 86400 + 719468;
    int64_t second = now.tv_sec % 86400;
    int64_t era = days / 146097;
    int64_t day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
    add_decimal(line, (uint64_t)(year_of_era + era * 400 + (month <= 2)), 4);
    add(line, "-");
    add_decimal(line, (uint64_t)month, 2);
    add(line, "-");
    add_decimal(line, (uint64_t)(day_of_year - (153 * shifted + 2) / 5 + 1), 2);
    add(line, "T");
    add_decimal(line, (uint64_t)(second / 3600), 2);
    add(line, ":");
    add_decimal(line, (uint64_t)(second / 60 % 60), 2);
    add(line, ":");
    add_decimal(line, (uint64_t)(second % 60), 2);
    add(line, ".");
    add_decimal(line, (uint64_t)(now.tv_nsec / 1000000), 3);
    add(line, "Z");
}

static const char *name_of(int number) {
    switch (number) {
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGABRT: return "SIGABRT";
    default: return "SIGFPE";
    }
}

static const char *reason_of(int number, int code) {
    if (code <= 0 && number != SIGABRT) return "another process or a thread has sent the signal";
    switch (number) {
    case SIGILL:
    case SIGTRAP: return "a check of the program has failed, such as an arithmetic overflow or an index out of range";
    case SIGSEGV: return "memory that is not there, or the stack is used up";
    case SIGBUS: return "memory that cannot be read, such as a file that was cut short";
    case SIGABRT: return "the program or a library has given up";
    default: return "an arithmetic fault";
    }
}

static uint64_t instruction(const void *context) {
#if defined(__x86_64__)
    return (uint64_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uint64_t)((const ucontext_t *)context)->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

/* Writes to standard output or, if that takes nothing now, to standard error. Never waits for a reader: if neither takes the line, it is lost. */
static void put(const struct line *line) {
    struct pollfd outputs[] = {{STDOUT_FILENO, POLLOUT, 0}, {STDERR_FILENO, POLLOUT, 0}};
    if (poll(outputs, 2, 0) < 1) return;
    for (int i = 0; i < 2; i++) {
        if (!(outputs[i].revents & POLLOUT)) continue;
        ssize_t ignored = write(outputs[i].fd, line->bytes, line->length);
        (void)ignored;
        return;
    }
}

static void tell(int number, const siginfo_t *info, const void *context) {
    struct line line = {.length = 0};
    uint64_t at = instruction(context);
    uint64_t base = (uint64_t)(uintptr_t)__ehdr_start;
    uint64_t end = (uint64_t)(uintptr_t)_end;
    if (as_json) {
        add(&line, "{\"time\":\"");
        add_time(&line);
        add(&line, "\",\"level\":\"error\",\"service\":\"");
        add(&line, service_name);
        add(&line, "\",\"instance\":\"");
        add(&line, instance_name);
        add(&line, "\",\"event\":\"process.crashed\",\"signal\":\"");
    } else {
        add_time(&line);
        add(&line, " ERROR   ");
        add(&line, service_name);
        add(&line, " process.crashed signal=");
    }
    add(&line, name_of(number));
    add(&line, as_json ? "\",\"address\":\"" : " address=");
    add_hex(&line, (uint64_t)(uintptr_t)info->si_addr * (info->si_code > 0));
    /* If the fault is in the program itself and not in a library, the address is relative to the program, as addr2line needs it. */
    add(&line, as_json ? "\",\"instruction\":\"" : " instruction=");
    add_hex(&line, base && at >= base && at < end ? at - base : at);
    add(&line, as_json ? "\",\"pid\":" : " pid=");
    add_decimal(&line, (uint64_t)getpid(), 1);
    add(&line, as_json ? ",\"reason\":\"" : " reason=\"");
    add(&line, reason_of(number, info->si_code));
    add(&line, as_json ? "\"}" : "\"");
    line.bytes[line.length++] = '\n';
    put(&line);
}

static void on_signal(int number, siginfo_t *info, void *context) {
    /* Only one line: another thread may fault at the same time, and a fault in this handler must not call it again and again. */
    if (!has_told) {
        has_told = 1;
        tell(number, info, context);
    }
    for (int i = 0; i < COUNT; i++) {
        if (signals[i] == number) sigaction(number, &previous[i], NULL);
    }
    /* A faulting instruction runs again and faults again. A signal that was sent, or that comes after its instruction, must be sent again. */
    if (info->si_code <= 0 || number == SIGTRAP) raise(number);
}

void ccrash_install(const char *service, const char *instance, bool is_json) {
    strncpy(service_name, service, sizeof service_name - 1);
    strncpy(instance_name, instance, sizeof instance_name - 1);
    as_json = is_json;
    if (is_installed) return;
    is_installed = 1;
    stack_t stack = {.ss_sp = malloc(STACK_SIZE), .ss_size = STACK_SIZE};
    if (stack.ss_sp) sigaltstack(&stack, NULL);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < COUNT; i++) sigaction(signals[i], &action, &previous[i]);
}
