#include "option.h"

#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void show_usage(const char *program, const sc_bench_option_t *options)
{
    (void)fprintf(stderr, "usage: %s", program);
    for (; options->name != NULL; options++) {
        if (options->number != NULL)
            (void)fprintf(stderr, " [%s %llu]", options->name,
                          (unsigned long long)*options->number);
        else
            (void)fprintf(stderr, " [%s %s]", options->name,
                          *options->text != NULL ? *options->text : "TEXT");
    }
    (void)fputc('\n', stderr);
    exit(2);
}

static void set_option(const sc_bench_option_t *option, const char *value)
{
    char *end;

    if (option->text != NULL) {
        *option->text = value;
        return;
    }
    errno = 0;
    *option->number = strtoull(value, &end, 10);
    if (errno != 0 || *end != '\0' || end == value)
        sc_bench_fail("%s: %s is no number", option->name, value);
}

void sc_bench_options(int argc, char **argv, const sc_bench_option_t *options)
{
    for (int i = 1; i < argc; i += 2) {
        const sc_bench_option_t *option = options;

        while (option->name != NULL && strcmp(option->name, argv[i]) != 0)
            option++;
        if (option->name == NULL || i + 1 == argc)
            show_usage(argv[0], options);
        set_option(option, argv[i + 1]);
    }
}
