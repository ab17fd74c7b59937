/* The table of targets/dynapse2/PARAMETERS.md is that of limits.c and the bias generator; UPDATE=1
 * writes it anew. */
#include "tests/unit/unit.h"

#include "lang/unit.h"
#include "runtime/base/file.h"
#include "targets/dynapse2/biasgen.h"
#include <stdlib.h>

static const char path[] = "targets/dynapse2/PARAMETERS.md";
static const char head[] = "| --- | --- | --- | --- | --- | --- |\n";

static void put_row(struct arena *a, struct buf *out, uint32_t p)
{
    static const char *const of[] = {"core", "pair", "chip", "sadc", "not known"};
    double min, max;
    buf_printf(out, "| `%s` | ", d2_param[p].name);
    if (d2_param[p].scale > 0)
        buf_f64_text(out, d2_param[p].scale);
    if (d2_has_current(p)) {
        d2_reach(p, &min, &max);
        buf_printf(out, " | %s | %s", unit_text(a, min, DIM_CURRENT),
                   unit_text(a, max, DIM_CURRENT));
    } else {
        buf_puts(out, " |  | ");
    }
    buf_printf(out, " | %s | %s |\n", of[d2_param[p].scope], d2_param[p].core ? "yes" : "");
}

static void documented(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct bytes b;
    struct buf out = {0};
    assert_true(file_read(&a, path, &b, &d, E0901, (struct span){0}));
    const char *text = arena_strndup(&a, (const char *)b.data, b.n), *table = strstr(text, head);
    assert_non_null(table);
    buf_put(&out, text, (size_t)(table - text) + strlen(head));
    for (uint32_t p = 0; p < D2_N_PARAMS; p++)
        put_row(&a, &out, p);
    const char *update = getenv("UPDATE");
    if (update && *update)
        assert_true(file_write(path, out.data, out.n, &d));
    else
        assert_string_equal(text, out.data);
    buf_free(&out);
    diags_free(&d);
    arena_free(&a);
}

/* Every name is found, by its own spelling and by that of scripts; those of one core come in the
 * vendor's library. */
static void names(void **state)
{
    (void)state;
    uint32_t compiled = 0, with_current = 0;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        assert_int_equal(d2_find_param(d2_param[p].name), p);
        assert_int_equal(d2_find_param(d2_script_name(p)), p);
        compiled += d2_param[p].core;
        with_current += d2_has_current(p);
        char last = d2_param[p].name[strlen(d2_param[p].name) - 1];
        assert_int_equal(d2_param[p].type, last);
        if (d2_param[p].core)
            assert_true(d2_param[p].scope == D2_OF_CORE && d2_has_current(p));
    }
    assert_int_equal(compiled, D2_N_CORE_PARAMS);
    assert_int_equal(with_current, 53); /* of 56 scales: but a voltage and two buffers */
    assert_int_equal(d2_find_param("SYPD_DLY3_P"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
