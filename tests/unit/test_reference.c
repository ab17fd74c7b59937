/* lang/REFERENCE.md has every word that the language has: reserved and other words of the lexer,
 * units and prefixes, functions, connections, attributes, sources, settings, and warnings. */
#include "tests/unit/unit.h"

#include "compiler/elab.h"
#include "runtime/base/file.h"

#include <stdio.h>

/* The code of a page: what stands between backquotes, each behind a line break. */
static char *code_of(struct arena *a, const char *path)
{
    struct diags d = {0};
    struct bytes page = {0};
    assert_true(file_read(a, path, &page, &d, E0901, (struct span){0}));
    diags_free(&d);
    char *out = ARENA_ARRAY(a, char, page.n + 2);
    size_t n = 0;
    bool inside = false;
    for (size_t i = 0; i < page.n; i++) {
        const char c = (char)page.data[i];
        if (c == '`') {
            inside = !inside;
            out[n++] = '\n';
        } else if (inside) {
            out[n++] = c;
        }
    }
    out[n] = '\0';
    return out;
}

static bool in_word(char c)
{
    return c == '_' || c == '-' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* Whether a whole word stands in the code, in front of `next` if that isn't 0. */
static bool has(const char *code, const char *word, char next)
{
    const size_t n = strlen(word);
    for (const char *s = code; (s = strstr(s, word)); s++) {
        const bool apart = s == code || !in_word(s[-1]) || !in_word(word[0]);
        if (apart && (next ? s[n] == next : !in_word(s[n]))) {
            return true;
        }
    }
    return false;
}

static int missing;

static void want(const char *code, const char *what, const char *word, char next)
{
    if (!has(code, word, next)) {
        print_error("lang/REFERENCE.md doesn't have %s `%s`\n", what, word);
        missing++;
    }
}

static void want_all(const char *code, const char *what,
                     uint32_t (*table)(const char **out, uint32_t max), char next)
{
    const char *names[256];
    const uint32_t n = table(names, 256);
    assert_true(n > 2 && n < 256);
    for (uint32_t i = 0; i < n; i++) {
        want(code, what, names[i], next);
    }
}

uint32_t mc_function_names(const char **out); /* model_check.h, which can't stand beside elab.h */

static uint32_t model_functions(const char **out, uint32_t max)
{
    (void)max;
    return mc_function_names(out);
}

static void test_tables(void **state)
{
    (void)state;
    struct arena a = {0};
    const char *code = code_of(&a, "lang/REFERENCE.md");
    missing = 0;
    want_all(code, "the function", function_names, '(');
    want_all(code, "the function of neurons", model_functions, '(');
    want_all(code, "the connection", operator_names, '(');
    want_all(code, "the attribute", attribute_names, '\0');
    want_all(code, "the source", source_names, '\0');
    char unit[UNIT_MAX];
    struct dim dim;
    for (uint32_t i = 0; unit_spelling(i, unit, &dim); i++) {
        if (strlen(unit) == 1 || dim_unit(dim) == NULL || strcmp(unit, dim_unit(dim)) == 0) {
            want(code, "the unit", unit, '\0');
        } else {
            want(code, "the prefix", (char[]){unit[0], '\0'}, '\0');
        }
    }
    for (enum diag_code c = 0; c < DIAG_N_CODES; c++) {
        if (diag_code_is_warning(c)) {
            want(code, "the warning", diag_code_name(c), '\0');
        }
    }
    assert_int_equal(missing, 0);
    arena_free(&a);
}

/* Words of lines as `use         { WORD(T_USE); }`. */
static void test_words(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct bytes lexer = {0};
    const char *code = code_of(&a, "lang/REFERENCE.md");
    assert_true(file_read(&a, "lang/lexer.l", &lexer, &d, E0901, (struct span){0}));
    int n = 0;
    missing = 0;
    for (char *line = strtok((char *)lexer.data, "\n"); line; line = strtok(NULL, "\n")) {
        char word[32];
        if (sscanf(line, "%31[a-z] { WORD(", word) == 1 && strstr(line, "{ WORD(T_")) {
            want(code, "the word", word, '\0');
            n++;
        }
    }
    assert_true(n > 30);
    assert_int_equal(missing, 0);
    diags_free(&d);
    arena_free(&a);
}

/* What boards and cameras are set by stands in the source as strings that names are compared with.
 */
static void test_settings(void **state)
{
    (void)state;
    static const char *const files[] = {"compiler/boards.c", "compiler/sensors.c",
                                        "compiler/profiles.c"};
    struct arena a = {0};
    const char *code = code_of(&a, "lang/REFERENCE.md");
    int n = 0;
    missing = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct diags d = {0};
        struct bytes text = {0};
        assert_true(file_read(&a, files[i], &text, &d, E0901, (struct span){0}));
        diags_free(&d);
        for (const char *s = (const char *)text.data; *s; s++) {
            char word[32], after[2];
            if (sscanf(s, "strcmp(%*[^,()], \"%31[a-z_]\")", word) == 1 ||
                sscanf(s, "{\"%31[a-z]\", set%1[_]", word, after) == 2) {
                want(code, "the setting", word, '\0');
                n++;
            }
        }
    }
    assert_true(n > 12);
    assert_int_equal(missing, 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables), cmocka_unit_test(test_words),
                                       cmocka_unit_test(test_settings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
