/* Runs a fuzz target over files and folders given on the command line, without a fuzzer: so every
 * build replays the corpus. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int n_inputs;

static void fail(const char *path)
{
    perror(path);
    exit(1);
}

static void run_file(const char *path, size_t n)
{
    uint8_t *data = malloc(n ? n : 1); /* its exact size, so that sanitizers see reads beyond */
    FILE *f = fopen(path, "rb");
    if (!data || !f || fread(data, 1, n, f) != n)
        fail(path);
    fclose(f);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
    n_inputs++;
}

static void run(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        fail(path);
    if (!S_ISDIR(st.st_mode)) {
        run_file(path, (size_t)st.st_size);
        return;
    }
    DIR *dir = opendir(path);
    if (!dir)
        fail(path);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        size_t size = strlen(path) + strlen(e->d_name) + 2;
        char *inner = malloc(size);
        if (!inner)
            fail(path);
        snprintf(inner, size, "%s/%s", path, e->d_name);
        run(inner);
        free(inner);
    }
    closedir(dir);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        run(argv[i]);
    printf("%d inputs\n", n_inputs);
    return n_inputs == 0;
}
