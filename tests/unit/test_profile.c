#include "tests/unit/unit.h"

#include "targets/dynapse2/profile.h"
#include <stdio.h>

#define HEAD "{\"format\": \"dyn-chip-profile\", \"version\": 1, \"target\": \"dynapse2\""

static struct arena arena;

static const struct d2_profile *read_text(const char *text, struct diags *d)
{
    return d2_profile_read(&arena, text, strlen(text), 1, d);
}

static const struct d2_profile *read_good(const char *rest)
{
    struct diags d = {0};
    const char *text = arena_printf(&arena, HEAD "%s}", rest);
    const struct d2_profile *p = read_text(text, &d);
    if (!p)
        fail_msg("%s: %s", text, d.list.data[0]->message);
    assert_int_equal(d.list.n, 0);
    diags_free(&d);
    return p;
}

/* One mistake, at the first place where `mark` stands: its message and hint. */
static void check_text(const char *text, const char *mark, enum diag_code code, const char *message,
                       const char *hint)
{
    struct diags d = {0};
    assert_null(read_text(text, &d));
    assert_int_equal(d.n_errors, 1);
    const struct diag *g = d.list.data[0];
    if (strcmp(g->message, message) != 0)
        fail_msg("%s\n gives   %s\n and not %s", text, g->message, message);
    assert_int_equal(g->code, code);
    assert_int_equal(g->span.file, 1);
    const char *at = strstr(text, mark);
    assert_non_null(at);
    assert_int_equal(g->span.begin, at - text);
    if (hint)
        assert_string_equal(g->hint, hint);
    else
        assert_null(g->hint);
    diags_free(&d);
}

static void check(const char *rest, const char *mark, const char *message, const char *hint)
{
    check_text(arena_printf(&arena, HEAD ", %s}", rest), mark, E0504, message, hint);
}

/* ---- what it means ---- */

static struct board board_of(const struct d2_profile *on_chip_1, const struct d2_profile *on_chip_9)
{
    struct board b = {.target = "dynapse2"};
    VEC_PUSH(&arena, &b.profile, ((struct board_profile){.chip = 1, .content = on_chip_1}));
    VEC_PUSH(&arena, &b.profile, ((struct board_profile){.chip = 9, .content = on_chip_9}));
    return b;
}

static void queries(void **state)
{
    (void)state;
    const struct d2_profile *p = read_good(
        ", \"dead_neurons\": [[0, 3], [[1, 2], [62, 65]], [3, [0, 255]]],"
        "\"bad_cam\": [[0, 7, 63], [0, 7, [0, 1]], [2, [254, 255], [0, 63]], [2, 253, [31, 32]]]");
    struct board b = board_of(p, read_good(""));
    assert_ptr_equal(d2_profile_of(&b, 1), p);
    for (uint32_t chip = 0; chip < 225; chip++) {
        bool has = chip == 1;
        assert_int_equal(d2_profile_of(&b, chip) != NULL, chip == 1 || chip == 9);
        assert_int_equal(d2_neuron_is_dead(&b, chip, 0, 3), has);
        assert_false(d2_neuron_is_dead(&b, chip, 0, 2));
        assert_int_equal(d2_usable_neurons(&b, chip, 0), has ? 255 : 256);
        assert_int_equal(d2_usable_neurons(&b, chip, 2), has ? 252 : 256);
        assert_int_equal(d2_usable_neurons(&b, chip, 3), has ? 0 : 256);
        assert_int_equal(d2_cam_is_bad(&b, chip, 0, 7, 63), has);
        assert_false(d2_cam_is_bad(&b, chip, 0, 7, 62));
        assert_false(d2_cam_is_bad(&b, chip, 0, 8, 63));
        assert_int_equal(d2_usable_cam(&b, chip, 0, 7), has ? 61 : 64);
        assert_int_equal(d2_usable_cam(&b, chip, 2, 255), has ? 0 : 64);
        assert_int_equal(d2_usable_cam(&b, chip, 2, 253), has ? 62 : 64);
    }
    assert_true(d2_bad_cam(&b, 1, 0, 7) == (UINT64_C(1) << 63 | 3));
    assert_true(d2_bad_cam(&b, 1, 2, 254) == UINT64_MAX);
    for (uint32_t i = 0; i < D2_NEURONS; i++)
        assert_int_equal(d2_neuron_is_dead(&b, 1, 1, i), i >= 62 && i <= 65);
}

static void factors(void **state)
{
    (void)state;
    const struct d2_profile *p = read_good(
        ", \"factor\": {\"bias\": {\"SOIF_LEAK_N\": [[0, 1, 1.034], [0, [2, 3], 0.5],"
        "[[1, 2], 253, [1.1, null, 0.01]]], \"SYPD_DYL0_P\": []},"
        "\"layout\": {\"C_mem\": [[3, 255, 100]]}}, \"chip\": \"4\\u0032\", \"note\": \"\"");
    assert_string_equal(p->chip, "42");
    assert_string_equal(p->note, "");
    assert_int_equal(p->measured.n, 3);
    const struct d2_measured *m = d2_find_measured(p, d2_find_param("SOIF_LEAK_N"), "");
    assert_non_null(m);
    assert_string_equal(m->name, "SOIF_LEAK_N");
    assert_int_equal(m->n, 7);
    const float *f = m->factor;
    assert_true(f[0] == 0 && f[1] == 1.034f && f[2] == 0.5f && f[3] == 0.5f && f[4] == 0);
    for (int core = 1; core <= 2; core++)
        assert_true(f[core * 256 + 253] == 1.1f && f[core * 256 + 254] == 0 &&
                    f[core * 256 + 255] == 0.01f);
    m = d2_find_measured(p, -1, "C_mem");
    assert_non_null(m);
    assert_true(m->factor[1023] == 100);
    assert_null(d2_find_measured(p, -1, "SOIF_LEAK_N"));
    assert_null(d2_find_measured(p, d2_find_param("SOIF_GAIN_N"), ""));
}

/* Tens of thousands of entries, as labs publish them. */
static void large(void **state)
{
    (void)state;
    struct buf text = {0};
    uint32_t n = 0;
    buf_puts(&text, HEAD ", \"bad_cam\": [");
    for (uint32_t i = 0; i < 65536; i += 1 + i % 3, n++)
        buf_printf(&text, "%s[%u, %u, %u]", n ? ", " : "", i >> 14, i >> 6 & 255, i & 63);
    buf_puts(&text, "]}");
    struct diags d = {0};
    const struct d2_profile *p = d2_profile_read(&arena, text.data, text.n, 1, &d);
    assert_non_null(p);
    struct board b = board_of(p, p);
    uint32_t found = 0;
    for (uint32_t i = 0; i < 65536; i++)
        found += d2_cam_is_bad(&b, 1, i >> 14, i >> 6 & 255, i & 63);
    assert_true(n > 30000);
    assert_int_equal(found, n);
    buf_free(&text);
    diags_free(&d);
}

/* ---- mistakes ---- */

static void not_a_profile(void **state)
{
    (void)state;
    static const char hint[] =
        "a profile begins `{\"format\": \"dyn-chip-profile\", \"version\": 1, ...`";
    check_text("[1]", "[", E0504, "this isn't the profile of a chip", hint);
    check_text("{\"format\": \"x\", \"y\": 1}", "\"x\"", E0504, "this isn't the profile of a chip",
               hint);
    check_text("{\"format\": 1}", "1", E0504, "this isn't the profile of a chip", hint);
    check_text("", "", E0503, "this isn't JSON: a value is expected", NULL);
    check_text("{\"format\" 1}", "1", E0503, "this isn't JSON: `:` is expected after a key", NULL);
    check_text(HEAD "} x", "x", E0503, "this isn't JSON: nothing may follow the value of a text",
               NULL);
    check_text("{\"format\": \"dyn-chip-profile\", \"version\": 2, \"what\": 1}", "2", E0504,
               "version 2 of profiles: this program reads version 1", NULL);
    check_text("{\"format\": \"dyn-chip-profile\", \"version\": 1, \"target\": \"speck2e\"}",
               "\"speck2e", E0504, "this is the profile of a `speck2e`, the board is a `dynapse2`",
               NULL);
    check_text("{\"format\": \"dyn-chip-profile\", \"target\": \"dynapse2\"}", "{", E0504,
               "the profile lacks its `version`", NULL);
}

static void keys(void **state)
{
    (void)state;
    check("\"dead_neuron\": []", "\"dead_neuron\"", "a profile has no key `dead_neuron` here",
          "did you mean `dead_neurons`?");
    check("\"zzz\": {\"a\": [1]}", "\"zzz", "a profile has no key `zzz` here", NULL);
    check("\"version\": [1]", "\"version\": [1]", "`version` is given twice", NULL);
    check("\"factor\": {\"biases\": {}}", "\"biases", "a profile has no key `biases` here",
          "did you mean `bias`?");
    check("\"chip\": 42", "42", "a string is expected here, this is a number", NULL);
    check("\"factor\": []", "[]", "an object is expected here, this is an array", NULL);
    check("\"factor\": {\"bias\": {\"SOIF_LEEK_N\": [[9]]}}", "\"SOIF_LEEK_N",
          "DYNAP-SE2 has no parameter `SOIF_LEEK_N`", "did you mean `SOIF_LEAK_N`?");
    check("\"factor\": {\"layout\": {\"C mem\": []}}", "\"C mem", "`C mem` is no name", NULL);
    check("\"factor\": {\"layout\": {\"a\": [], \"a\": []}}", "\"a\": []}", "`a` is given twice",
          NULL);
    check("\"factor\": {\"bias\": {\"SYPD_DLY0_P\": [], \"SYPD_DYL0_P\": []}}", "\"SYPD_DYL0_P",
          "`SYPD_DYL0_P` is given twice", NULL);
}

static void entries(void **state)
{
    (void)state;
    check("\"dead_neurons\": {}", "{}", "a list is expected here, this is an object", NULL);
    check("\"dead_neurons\": [7]", "7",
          "an entry `[core, neuron]` is expected here, this is a number", NULL);
    check("\"dead_neurons\": [[4, 0]]", "4, 0", "4: cores are whole numbers from 0 to 3", NULL);
    check("\"dead_neurons\": [[0, 256]]", "256", "256: neurons are whole numbers from 0 to 255",
          NULL);
    check("\"dead_neurons\": [[0, -1]]", "-1]", "-1: neurons are whole numbers from 0 to 255",
          NULL);
    check("\"dead_neurons\": [[0, 1.5]]", "1.5", "1.5: neurons are whole numbers from 0 to 255",
          NULL);
    check("\"dead_neurons\": [[0]]", "]]", "a neuron is missing", NULL);
    check("\"dead_neurons\": [[0, \"1\"]]", "\"1\"", "a neuron is expected here, this is a string",
          NULL);
    check("\"dead_neurons\": [[0, 1, 2]]", "2]]",
          "the end of the entry is expected here, this is a number", NULL);
    check("\"dead_neurons\": [[0, [5, 4]]]", "4]]]",
          "a range of neurons goes from the lower to the higher one", NULL);
    check("\"dead_neurons\": [[0, [1, 2, 3]]]", "3]]]",
          "the end of the range is expected here, this is a number", NULL);
    check("\"dead_neurons\": [[0, 5], [0, [4, 6]]]", "[0, [4", "core 0 neuron 5 is listed twice",
          NULL);
    check("\"bad_cam\": [[0, 5, 64]]", "64", "64: CAM entries are whole numbers from 0 to 63",
          NULL);
    check("\"bad_cam\": [[0, 5, 9], [0, [4, 6], [8, 10]]]", "[0, [4",
          "core 0 neuron 5 CAM entry 9 is listed twice", NULL);
    check("\"factor\": {\"layout\": {\"a\": [[0, 0]]}}", "]]}",
          "a factor is expected here, this is the end of an array", NULL);
    check("\"factor\": {\"layout\": {\"a\": [[0, 0, 0.009]]}}", "0.009",
          "factor 0.009: factors are 0.01 to 100",
          "a factor is actual / nominal: 1.05 where there is 5 % more than asked");
    check("\"factor\": {\"layout\": {\"a\": [[0, 0, 1], [0, 0, 1]]}}", "[0, 0, 1]]",
          "core 0 neuron 0 of `a` is listed twice", NULL);
    check("\"factor\": {\"layout\": {\"a\": [[0, 254, [1, 1, 1]]]}}", "1]]]",
          "this factor would be of neuron 256: neurons are 0 to 255", NULL);
    check("\"factor\": {\"layout\": {\"a\": [[0, [0, 1], [1]]]}}", "[1]",
          "a list of factors begins at one neuron", NULL);
}

/* Reading goes on after a mistake. */
static void several(void **state)
{
    (void)state;
    struct diags d = {0};
    assert_null(read_text(HEAD ", \"dead_neurons\": [[0, [0, {\"a\": [1]}], 5], [9, 9], [1, 1]],"
                               "\"nothing\": 1, \"bad_cam\": [[0, 0, 64], [0, 0, 0, [[]]]]}",
                          &d));
    assert_int_equal(d.n_errors, 5);
    diags_free(&d);
}

static int free_all(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries),       cmocka_unit_test(factors), cmocka_unit_test(large),
        cmocka_unit_test(not_a_profile), cmocka_unit_test(keys),    cmocka_unit_test(entries),
        cmocka_unit_test(several),
    };
    return cmocka_run_group_tests(tests, NULL, free_all);
}
