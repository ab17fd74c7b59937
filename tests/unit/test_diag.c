/* Golden messages: `check` of each tests/diag/NAME.dyn, rendered, is tests/diag/NAME.txt; of the
 * sources in one_mistake.cases, one message each, one_mistake.txt; where that knows an edit, what
 * becomes of it has no errors. With UPDATE=1 in the environment
 * the expected texts are rewritten. */
#include "tests/unit/unit.h"

#include "compiler/elaborate.h"
#include "compiler/fix.h"
#include "lang/render.h"
#include "runtime/base/file.h"
#include <dirent.h>
#include <stdio.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `edit 3:14-20: "lif"`, with the columns that it replaces. */
static void put_edit(struct buf *out, const struct sources *s, const struct diag *g)
{
    const struct source *f = sources_get(s, g->edit_at.file);
    if (!g->edit)
        return;
    struct source_pos begin = source_pos(f, g->edit_at.begin), end = source_pos(f, g->edit_at.end);
    buf_printf(out, "edit %u:%u-%u: \"%.*s\"\n", begin.line, begin.column, end.column,
               (int)strcspn(g->edit, "\n"), g->edit);
}

/* The messages of a source; returns how many. `fixed` gets what its edits make of it; NULL: they
 * don't matter. */
static uint32_t check_text(struct buf *out, const char *path, const char *text, size_t n,
                           struct buf *fixed)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    unit_init(&u, &a, &d, NULL);
    unit_load_text(&u, path, text, n);
    unit_check(&u);
    for (uint32_t i = 0; i < d.list.n; i++)
        render_diag(out, &u.sources, d.list.data[i], false);
    for (uint32_t i = 0; fixed && i < d.list.n; i++)
        put_edit(out, &u.sources, d.list.data[i]);
    if (fixed && fix_text(fixed, &u.sources, 1, &d) == 0)
        buf_clear(fixed);
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
    const char *update = getenv("UPDATE"); /* empty in every other run of the tests */
    if (update && *update)
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
    check_text(&got, path, (const char *)source.data, source.n, NULL);
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
    const char *name, *before, *after; /* before and after the source; after NULL: it has no hole */
};

/* A source with one place changed, as "OLD ==> NEW" says. */
static void put_changed(struct buf *out, const char *source, const char *change)
{
    const char *arrow = strstr(change, " ==> "), *end = change + strlen(change);
    assert_non_null(arrow);
    char old[200], *at;
    snprintf(old, sizeof old, "%.*s", (int)(arrow - change), change);
    assert_non_null(at = strstr(source, old));
    while (end > arrow + 5 && end[-1] == '\n')
        end--;
    buf_put(out, source, (size_t)(at - source));
    buf_put(out, arrow + 5, (size_t)(end - (arrow + 5)));
    buf_puts(out, at + strlen(old));
}

/* Whether a source has no errors. */
static bool mended(const char *title, const struct buf *text)
{
    struct buf messages = {0};
    check_text(&messages, "tests/diag/x.dyn", text->data, text->n, NULL);
    const bool good = messages.n == 0 || !strstr(messages.data, "error[");
    if (!good)
        print_error("%s: after its edit:\n%s", title, messages.data);
    buf_free(&messages);
    return good;
}

/* A source of one_mistake.cases within the frame that its title begins with, "FRAME: title". */
static void put_source(struct buf *out, const struct frame *frame, uint32_t n, const char *title,
                       const char *source)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t len = strlen(frame[i].name);
        if (strncmp(title, frame[i].name, len) == 0 && title[len] == ':') {
            if (!frame[i].after) {
                put_changed(out, frame[i].before, source);
                return;
            }
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
            assert_true(n_frames < MAX_FRAMES);
            if (hole)
                *hole = '\0';
            frame[n_frames++] = (struct frame){title + 6, source, hole ? hole + 1 : NULL};
            continue;
        }
        struct buf text = {0}, fixed = {0};
        put_source(&text, frame, n_frames, title, source);
        buf_printf(&got, "=== %s\n", title);
        uint32_t found = check_text(&got, "tests/diag/x.dyn", text.data, text.n, &fixed);
        if (found != 1)
            print_error("%s: %u messages\n", title, found);
        wrong += found != 1 || (fixed.n > 0 && !mended(title, &fixed));
        buf_free(&text);
        buf_free(&fixed);
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
