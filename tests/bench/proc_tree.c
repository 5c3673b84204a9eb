#include "proc_tree.h"

#include "client.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct parent_entry {
    pid_t pid;
    pid_t parent;
    char name[SC_TREE_NAME_BYTES];
} parent_entry_t;

enum { ENTRIES_MAX = 4096 };

static bool read_entry(const char *pid_text, parent_entry_t *entry)
{
    char path[64];
    char line[512];
    char *name;
    char *end;
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, "/proc/%.16s/stat", pid_text);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    len = fread(line, 1, sizeof line - 1, file);
    (void)fclose(file);
    line[len] = '\0';
    name = strchr(line, '(');
    end = strrchr(line, ')'); /* a name may hold parentheses */
    if (name == NULL || end == NULL || strlen(end) < 5)
        return false;
    *end = '\0';
    entry->pid = (pid_t)atoi(pid_text);
    entry->parent = (pid_t)atoi(end + 4); /* behind ") S " */
    (void)snprintf(entry->name, sizeof entry->name, "%.20s", name + 1);
    return true;
}

static uint32_t read_entries(parent_entry_t *entries)
{
    DIR *dir = opendir("/proc");
    struct dirent *item;
    uint32_t count = 0;

    if (dir == NULL)
        sc_bench_fail("/proc can't be read");
    while (count < ENTRIES_MAX && (item = readdir(dir)) != NULL) {
        if (item->d_name[0] >= '1' && item->d_name[0] <= '9' &&
            read_entry(item->d_name, &entries[count]))
            count++;
    }
    (void)closedir(dir);
    return count;
}

static uint64_t cpu_ns(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0; /* it has just ended */
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static bool has_pid(const sc_tree_t *tree, pid_t pid)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->processes[i].pid == pid)
            return true;
    }
    return false;
}

static void add_process(sc_tree_t *tree, const parent_entry_t *entry)
{
    sc_tree_process_t *process = &tree->processes[tree->count++];

    process->pid = entry->pid;
    process->cpu_ns = cpu_ns(entry->pid);
    memcpy(process->name, entry->name, sizeof process->name);
}

/* Until a pass finds no more: process ids say nothing about who started whom. */
void sc_tree_read(sc_tree_t *tree, pid_t root)
{
    parent_entry_t *entries = sc_bench_alloc(ENTRIES_MAX, sizeof *entries);
    uint32_t entry_count = read_entries(entries);
    uint32_t before;

    tree->count = 0;
    do {
        before = tree->count;
        for (uint32_t i = 0; i < entry_count && tree->count < SC_TREE_MAX; i++) {
            if (!has_pid(tree, entries[i].pid) &&
                (entries[i].pid == root || has_pid(tree, entries[i].parent)))
                add_process(tree, &entries[i]);
        }
    } while (tree->count != before);
    free(entries);
    if (tree->count == 0)
        sc_bench_fail("process %d is not there", (int)root);
}

static uint64_t used_by(const sc_tree_t *before, const sc_tree_process_t *process)
{
    for (uint32_t i = 0; i < before->count; i++) {
        if (before->processes[i].pid == process->pid)
            return process->cpu_ns - before->processes[i].cpu_ns;
    }
    return process->cpu_ns;
}

uint64_t sc_tree_used_ns(const sc_tree_t *before, const sc_tree_t *after)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < after->count; i++)
        sum += used_by(before, &after->processes[i]);
    return sum;
}

void sc_tree_print(const sc_tree_t *before, const sc_tree_t *after, const char *name,
                   double divisor)
{
    (void)printf("\"%s\":{", name);
    for (uint32_t i = 0; i < after->count; i++) {
        const sc_tree_process_t *process = &after->processes[i];

        (void)printf("%s\"%s:%d\":%.3f", i > 0 ? "," : "", process->name, (int)process->pid,
                     (double)used_by(before, process) / 1e3 / divisor);
    }
    (void)printf("}");
}

void sc_tree_memory(const sc_tree_t *tree, sc_tree_memory_t *memory)
{
    *memory = (sc_tree_memory_t){0};
    for (uint32_t i = 0; i < tree->count; i++) {
        char path[64];
        char line[256];
        unsigned long kilobytes;
        FILE *file;

        (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)tree->processes[i].pid);
        file = fopen(path, "re");
        if (file == NULL)
            continue;
        while (fgets(line, sizeof line, file) != NULL) {
            if (sscanf(line, "Pss: %lu kB", &kilobytes) == 1)
                memory->pss_bytes += kilobytes * 1024;
            else if (sscanf(line, "Private_Dirty: %lu kB", &kilobytes) == 1)
                memory->private_dirty_bytes += kilobytes * 1024;
        }
        (void)fclose(file);
    }
}

uint64_t sc_own_cpu_ns(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}
