/* What is printed reads back: every example and every source of the tests, for every target, after
 * each pass that it gets through. The text must give the same network again, and be in the standard
 * form of sources. */
#include "tests/unit/unit.h"

#include "compiler/elaborate.h"
#include "lang/fmt.h"
#include "targets/compile.h"

#include <glob.h>
#include <stdio.h>

struct counts {
    uint32_t texts;   /* printed and read */
    uint32_t through; /* networks that got through all passes of a target */
};

static const struct net_words *words_of(const struct net *n)
{
    const struct target_compiler *t = n->board ? target_compiler_find(n->board->target) : NULL;
    return t ? &t->words : NULL;
}

static void print_messages(const struct diags *d)
{
    for (uint32_t i = 0; i < d->list.n; i++)
        print_error("  %s\n", d->list.data[i]->message);
}

static void check_text(const char *path, const char *pass, const struct net *n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    struct buf text = {0}, formatted = {0};
    net_print(&text, n, words_of(n));
    unit_init(&u, &a, &d, NULL);
    unit_load_text(&u, path, text.data, text.n);
    const struct net *again = unit_network(&u, n->name);
    bool same = again && d.n_errors == 0 && net_hash(again) == net_hash(n);
    bool in_form =
        fmt_text(&formatted, text.data, text.n) && strcmp(formatted.data, text.data) == 0;
    if (!same || !in_form) {
        print_error("%s, `%s` after %s\n", path, n->name, pass);
        print_messages(&d);
        print_error("%s", text.data);
    }
    assert_true(same);
    assert_true(in_form);
    buf_free(&text);
    buf_free(&formatted);
    diags_free(&d);
    arena_free(&a);
}

struct text_file {
    const char *path;
    struct bytes text;
    struct arena arena;
    struct diags diags;
    struct unit unit;
};

static struct net *elaborate(struct text_file *x, const char *network)
{
    unit_init(&x->unit, &x->arena, &x->diags, NULL);
    unit_load_text(&x->unit, x->path, (const char *)x->text.data, x->text.n);
    struct net *n = network ? unit_network(&x->unit, network) : NULL;
    return x->diags.n_errors == 0 ? n : NULL;
}

static void done(struct text_file *x)
{
    diags_free(&x->diags);
    arena_free(&x->arena);
}

/* A network through the passes of a target, as far as it gets, with helper neurons where they are
 * needed. */
static void check_passes(const char *path, struct net *n, const struct target_compiler *t,
                         struct diags *d, struct counts *c)
{
    struct target_report report = {0};
    const struct target_options opt = {.split = true};
    const struct target_pass *q = t->pass;
    for (; q->name && q->run(n, &opt, &report, d); q++) {
        check_text(path, q->name, n);
        c->texts++;
    }
    c->through += !q->name;
    target_report_free(&report);
}

/* For the target of its board, or for all. */
static void check_network(const struct text_file *source, const char *network, struct counts *c)
{
    bool first = true, more = true;
    for (int k = 0; target_compilers[k] && more; k++) {
        struct text_file x = {.path = source->path, .text = source->text};
        const struct target_compiler *t = target_compilers[k];
        if (!t->pass)
            continue;
        struct net *n = elaborate(&x, network);
        more = n && !n->board; /* some sources show what is wrong with them */
        if (n && first) {
            check_text(x.path, "elaborate", n);
            c->texts++;
            first = false;
        }
        if (n)
            check_passes(x.path, n, n->board ? target_compiler_find(n->board->target) : t, &x.diags,
                         c);
        done(&x);
    }
}

static void check_file(const char *path, struct counts *c)
{
    struct arena a = {0};
    struct text_file source = {.path = path}, x;
    assert_true(file_read(&a, path, &source.text, &source.diags, E0901, (struct span){0}));
    x = source;
    elaborate(&x, NULL);
    for (uint32_t i = 0; i < x.unit.network.n; i++)
        check_network(&source, x.unit.network.data[i]->name.text, c);
    done(&x);
    arena_free(&a);
}

static void check_files(const char *pattern, struct counts *c)
{
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_file(found.gl_pathv[i], c);
    globfree(&found);
}

static void test_examples(void **state)
{
    (void)state;
    struct counts c = {0};
    check_files("examples/*/*.dyn", &c);
    assert_true(c.texts >= 20 && c.through >= 5);
}

static void test_stages(void **state)
{
    (void)state;
    struct counts c = {0};
    check_files("tests/stages/*.dyn", &c);
    assert_true(c.texts >= 100 && c.through >= 25);
}

static void test_recorded(void **state)
{
    (void)state;
    struct counts c = {0};
    check_files("tests/golden/*/*.dyn", &c);
    check_files("tests/data/elab/*.dyn", &c);
    assert_true(c.texts >= 50 && c.through >= 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_recorded),
    };
    return cmocka_run_group_tests_name("readback", tests, NULL, NULL);
}
