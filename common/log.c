#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 2048
/* An escaped byte takes six. */
#define LINE_BYTES_MAX (TEXT_BYTES_MAX * 6 + 256)
#define PROCESS_BYTES_MAX 32

/* Lines of one format in one window of time; more are counted only. */
#define LINES_PER_WINDOW 10u
#define WINDOW_MS 1000u
#define RATES_MAX 256u

/* How many lines of a format were written lately. */
typedef struct log_rate {
    const char *format; /* by its address: each place in the program that logs has its own */
    uint64_t window_ms; /* when the window began */
    uint32_t written;
    uint32_t left_out;
} log_rate_t;

/* The one state that belongs to a process and not to an object of it: whatever fails, can say so. */
static struct {
    char process[PROCESS_BYTES_MAX];
    sc_log_level_t level;
    sc_log_format_t format;
    int fd;
    log_rate_t rates[RATES_MAX];
    uint32_t rates_with_left_out;
} log_state = {.process = "sc-master", .level = SC_LOG_INFO, .fd = STDERR_FILENO};

/* A line in the making. What does not fit is cut off. */
typedef struct log_line {
    char bytes[LINE_BYTES_MAX];
    size_t len;
} log_line_t;

void sc_log_init(const char *process, sc_log_level_t level, sc_log_format_t format)
{
    sc_log_set_process(process);
    log_state.level = level;
    log_state.format = format;
}

void sc_log_set_process(const char *process)
{
    snprintf(log_state.process, sizeof(log_state.process), "%s", process);
}

sc_status_t sc_log_open(const char *path)
{
    int fd = STDERR_FILENO;

    if (path != NULL) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
        if (fd < 0)
            return SC_ERR_IO;
    }
    if (log_state.fd != STDERR_FILENO)
        close(log_state.fd);
    log_state.fd = fd;
    return SC_OK;
}

int sc_log_fd(void)
{
    return log_state.fd;
}

bool sc_log_enabled(sc_log_level_t level)
{
    return level >= log_state.level;
}

static void line_add(log_line_t *line, const char *format, ...) SC_PRINTF(2, 3);

static void line_add(log_line_t *line, const char *format, ...)
{
    size_t room = sizeof(line->bytes) - line->len;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(line->bytes + line->len, room, format, args);
    va_end(args);
    if (len > 0)
        line->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* Length of the UTF-8 character at the start of a text; 0: it is none, or a control character (C1). */
static size_t utf8_char_len(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t len = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;

    if (byte[0] < 0xc2 || byte[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((byte[0] == 0xc2 && byte[1] < 0xa0) || (byte[0] == 0xe0 && byte[1] < 0xa0) ||
        (byte[0] == 0xed && byte[1] > 0x9f) || (byte[0] == 0xf0 && byte[1] < 0x90) ||
        (byte[0] == 0xf4 && byte[1] > 0x8f))
        return 0;
    return len;
}

/* Adds a text that must neither break the line nor reach a terminal's escapes; JSON's escapes serve for both forms. */
static void line_add_escaped(log_line_t *line, const char *text)
{
    bool is_json = log_state.format == SC_LOG_JSON;

    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        size_t len;

        if (byte == '\n')
            line_add(line, "\\n");
        else if (is_json && (byte == '"' || byte == '\\'))
            line_add(line, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            line_add(line, "\\u%04x", byte);
        else if (byte < 0x80)
            line_add(line, "%c", byte);
        else if ((len = utf8_char_len(at)) == 0)
            line_add(line, "?");
        else {
            line_add(line, "%.*s", (int)len, at);
            at += len - 1;
        }
    }
}

static void line_write(log_line_t *line)
{
    ssize_t written;

    line->bytes[line->len++] = '\n';
    do {
        written = write(log_state.fd, line->bytes, line->len);
    } while (written < 0 && errno == EINTR);
    /* A log that takes nothing (a full disk, a pipe without reader) must not stop the process. */
}

static void write_line(const char *level, const char *text)
{
    log_line_t line;
    struct timespec now;
    struct tm utc;
    char seconds[32];

    line.len = 0;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    if (log_state.format == SC_LOG_JSON)
        line_add(&line, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"process\":\"%s\",\"text\":\"",
                 seconds, now.tv_nsec / 1000000, level, log_state.process);
    else
        line_add(&line, "%s.%03ldZ %s %s: ", seconds, now.tv_nsec / 1000000, level,
                 log_state.process);
    line_add_escaped(&line, text);
    if (log_state.format == SC_LOG_JSON)
        line_add(&line, "\"}");
    line_write(&line);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_over(const log_rate_t *rate, uint64_t present_ms)
{
    return present_ms - rate->window_ms >= WINDOW_MS;
}

/* Says how many lines of a format were left out. The format is the only text that stands for all of them. */
static void report_left_out(log_rate_t *rate)
{
    char text[TEXT_BYTES_MAX];

    snprintf(text, sizeof(text), "%u more lines of this kind were left out: %s", rate->left_out,
             rate->format);
    rate->left_out = 0;
    log_state.rates_with_left_out--;
    write_line("warn", text);
}

static void report_all_left_out(uint64_t present_ms)
{
    for (uint32_t i = 0; i < RATES_MAX && log_state.rates_with_left_out > 0; i++) {
        if (log_state.rates[i].left_out > 0 && is_over(&log_state.rates[i], present_ms))
            report_left_out(&log_state.rates[i]);
    }
}

/* The entry of a format: its own, a free one or one whose window is over; NULL: all are in use. */
static log_rate_t *find_rate(const char *format, uint64_t present_ms)
{
    uint32_t start = (uint32_t)((uintptr_t)format >> 3);
    log_rate_t *reusable = NULL;

    for (uint32_t i = 0; i < RATES_MAX; i++) {
        log_rate_t *rate = &log_state.rates[(start + i) % RATES_MAX];

        if (rate->format == format)
            return rate;
        if (rate->format != NULL && reusable == NULL && is_over(rate, present_ms))
            reusable = rate;
        if (rate->format == NULL) {
            reusable = rate;
            break;
        }
    }
    if (reusable != NULL)
        *reusable = (log_rate_t){.format = format, .window_ms = present_ms};
    return reusable;
}

/* Whether one more line of this format may be written now. */
static bool take_turn(const char *format)
{
    uint64_t present_ms = now_ms();
    log_rate_t *rate;

    if (log_state.rates_with_left_out > 0)
        report_all_left_out(present_ms);
    rate = find_rate(format, present_ms);
    if (rate == NULL)
        return true;
    if (is_over(rate, present_ms)) {
        rate->window_ms = present_ms;
        rate->written = 0;
    }
    if (rate->written < LINES_PER_WINDOW) {
        rate->written++;
        return true;
    }
    if (rate->left_out++ == 0)
        log_state.rates_with_left_out++;
    return false;
}

static const char *level_name(sc_log_level_t level)
{
    switch (level) {
    case SC_LOG_DEBUG:
        return "debug";
    case SC_LOG_INFO:
        return "info";
    case SC_LOG_WARN:
        return "warn";
    case SC_LOG_ERROR:
        return "error";
    }
    return "info"; /* a plugin may give any number */
}

void sc_log(sc_log_level_t level, const char *format, ...)
{
    int saved_errno = errno;
    char text[TEXT_BYTES_MAX];
    va_list args;

    if (!sc_log_enabled(level) || !take_turn(format))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    write_line(level_name(level), text);
    errno = saved_errno;
}

void sc_log_fatal(const char *reason)
{
    write_line("fatal", reason);
}
