/* Golden messages: `check` of each tests/diag/NAME.dyn, rendered, is tests/diag/NAME.txt. With
 * UPDATE=1 in the environment the expected texts are rewritten. */
#include "tests/unit/unit.h"

#include "compiler/elaborate.h"
#include "lang/render.h"
#include "runtime/base/file.h"
#include <dirent.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_file(const char *name)
{
    struct arena a = {0};
    struct diags d = {0}, io = {0};
    struct unit u;
    struct buf got = {0};
    struct bytes want = {0};
    char *source = arena_printf(&a, "tests/diag/%s", name);
    char *expected = arena_printf(&a, "tests/diag/%.*s.txt", (int)strlen(name) - 4, name);
    unit_init(&u, &a, &d, NULL);
    unit_load(&u, source);
    unit_check(&u);
    for (uint32_t i = 0; i < d.list.n; i++)
        render_diag(&got, &u.sources, d.list.data[i], false);
    if (got.n == 0)
        buf_puts(&got, "");
    if (getenv("UPDATE"))
        assert_true(file_write(expected, got.data, got.n, &io));
    assert_true(file_read(&a, expected, &want, &io, E0901, (struct span){0}));
    assert_string_equal(got.data, (const char *)want.data);
    buf_free(&got);
    diags_free(&d);
    diags_free(&io);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
