/* Golden messages: `check` of each tests/diag/NAME.dyn, rendered, is tests/diag/NAME.txt; of the
 * sources in one_mistake.cases, one message each, one_mistake.txt. With UPDATE=1 in the environment
 * the expected texts are rewritten. */
#include "tests/unit/unit.h"

#include "compiler/elaborate.h"
#include "lang/render.h"
#include "runtime/base/file.h"
#include <dirent.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The messages of a source; returns how many. */
static uint32_t check_text(struct buf *out, const char *path, const char *text, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    unit_init(&u, &a, &d, NULL);
    unit_load_text(&u, path, text, n);
    unit_check(&u);
    for (uint32_t i = 0; i < d.list.n; i++)
        render_diag(out, &u.sources, d.list.data[i], false);
    uint32_t found = d.list.n;
    diags_free(&d);
    arena_free(&a);
    return found;
}

static struct bytes read_file(struct arena *a, const char *path)
{
    struct diags d = {0};
    struct bytes b = {0};
    assert_true(file_read(a, path, &b, &d, E0901, (struct span){0}));
    diags_free(&d);
    return b;
}

static void compare(struct buf *got, const char *expected)
{
    struct arena a = {0};
    struct diags d = {0};
    if (got->n == 0)
        buf_puts(got, "");
    if (getenv("UPDATE"))
        assert_true(file_write(expected, got->data, got->n, &d));
    assert_string_equal(got->data, (const char *)read_file(&a, expected).data);
    diags_free(&d);
    arena_free(&a);
}

static void check_file(const char *name)
{
    struct arena a = {0};
    struct buf got = {0};
    char *path = arena_printf(&a, "tests/diag/%s", name);
    struct bytes source = read_file(&a, path);
    check_text(&got, path, (const char *)source.data, source.n);
    compare(&got, arena_printf(&a, "tests/diag/%.*s.txt", (int)strlen(name) - 4, name));
    buf_free(&got);
    arena_free(&a);
}

static void test_golden(void **state)
{
    (void)state;
    struct arena a = {0};
    VEC(const char *) names = {0};
    DIR *dir = opendir("tests/diag");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t n = strlen(e->d_name);
        if (n > 4 && strcmp(e->d_name + n - 4, ".dyn") == 0)
            VEC_PUSH(&a, &names, arena_strdup(&a, e->d_name));
    }
    closedir(dir);
    assert_true(names.n > 0);
    qsort(names.data, names.n, sizeof *names.data, by_name);
    for (uint32_t i = 0; i < names.n; i++)
        check_file(names.data[i]);
    arena_free(&a);
}

enum { MAX_FRAMES = 12 };

struct frame {
    const char *name, *before, *after; /* before and after the source */
};

/* A source of one_mistake.cases within the frame that its title begins with, "FRAME: title". */
static void put_source(struct buf *out, const struct frame *frame, uint32_t n, const char *title,
                       const char *source)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t len = strlen(frame[i].name);
        if (strncmp(title, frame[i].name, len) == 0 && title[len] == ':') {
            buf_printf(out, "%s%s%s", frame[i].before, source, frame[i].after);
            return;
        }
    }
    buf_puts(out, source);
}

static void test_one_mistake(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf got = {0};
    struct frame frame[MAX_FRAMES];
    uint32_t n_frames = 0, wrong = 0;
    char *at = (char *)read_file(&a, "tests/diag/one_mistake.cases").data;
    for (char *next = strstr(at, "\n=== "); (at = next);) {
        char *title = at + 5, *source = strchr(title, '\n') + 1;
        next = strstr(source - 1, "\n=== ");
        source[-1] = '\0';
        if (next)
            *next = '\0';
        if (strncmp(title, "frame ", 6) == 0) {
            char *hole = strchr(source, '@');
            assert_true(hole && n_frames < MAX_FRAMES);
            *hole = '\0';
            frame[n_frames++] = (struct frame){title + 6, source, hole + 1};
            continue;
        }
        struct buf text = {0};
        put_source(&text, frame, n_frames, title, source);
        buf_printf(&got, "=== %s\n", title);
        uint32_t found = check_text(&got, "tests/diag/x.dyn", text.data, text.n);
        if (found != 1)
            print_error("%s: %u messages\n", title, found);
        wrong += found != 1;
        buf_free(&text);
    }
    assert_int_equal(wrong, 0);
    compare(&got, "tests/diag/one_mistake.txt");
    buf_free(&got);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                       cmocka_unit_test(test_one_mistake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
