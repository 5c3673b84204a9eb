/*
 * replay.c: runs a fuzz target over its corpus, without libFuzzer: what was found once is looked at in each run of the
 * tests. Arguments are files and folders of files.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int fail(const char *path)
{
    perror(path);
    return -1;
}

/* Returns how many inputs were run, -1 for a failure. */
static int replay_file(const char *path, size_t size)
{
    /* Memory of exactly this size, so that a sanitizer sees each byte read too many. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    FILE *file = fopen(path, "rb");

    if (data == NULL || file == NULL || fread(data, 1, size, file) != size) {
        free(data);
        if (file != NULL)
            fclose(file);
        return fail(path);
    }
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int replay(const char *path);

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int total = 0;

    if (folder == NULL)
        return fail(path);
    while (total >= 0 && (entry = readdir(folder)) != NULL) {
        char inner[4096];
        int count;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        count = replay(inner);
        total = count < 0 ? -1 : total + count;
    }
    closedir(folder);
    return total;
}

static int replay(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return fail(path);
    return S_ISDIR(info.st_mode) ? replay_folder(path) : replay_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    int total = 0;

    for (int i = 1; i < argc; i++) {
        int count = replay(argv[i]);

        if (count < 0)
            return EXIT_FAILURE;
        total += count;
    }
    printf("%d inputs\n", total);
    return total > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
