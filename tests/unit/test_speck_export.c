/* A Speck's configuration as JSON, and as a program that a stand-in for the vendor's library runs
 * (tests/standin). */
#include "tests/unit/unit.h"

#include "targets/speck/export.h"
#include "tests/unit/json_tree.h"
#include "tests/unit/speck_configs.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void dump(struct arena *a, const struct speck_network *n, struct buf *out)
{
    struct diags d = {0};
    struct json j;
    json_init(&j, out, 1);
    assert_true(speck_dump_json(a, &n->image, &n->plan, &j, &d));
    diags_free(&d);
}

static void json_is_the_configuration(void **state)
{
    (void)state;
    struct arena a = {0};
    struct buf out = {0};
    struct speck_network n;
    speck_small_network(&a, SPECK_2E, &n);
    n.config.cnn_layers[6].threshold_high = 5; /* a core of no layer */
    speck_sections(&a, &n.config, &n.maps, &n.image);
    dump(&a, &n, &out);
    struct json_tree t = json_tree_parse(&a, out.data, out.n);
    const struct json_tree *cores = json_member(&t, "cores");
    assert_string_equal(json_member(&t, "target")->text, "speck2e");
    assert_int_equal(cores->item.n, 3);
    const struct json_tree *core = json_item(cores, 1), *c = json_member(core, "config");
    assert_int_equal(json_number(core, "core"), 3);
    assert_string_equal(json_member(core, "layer")->text, "first");
    assert_int_equal(json_member(json_item(cores, 2), "layer")->kind, JSON_NULL);
    assert_int_equal((int)json_at(c, "dimensions.input_shape.size.y"), 8);
    assert_int_equal((int)json_at(c, "dimensions.stride.x"), 2);
    assert_int_equal((int)json_at(c, "dimensions.kernel_size"), 3);
    assert_int_equal((int)json_at(c, "destinations.0.feature_shift"), 6);
    assert_int_equal((int)json_at(c, "biases.2"), -13);
    assert_int_equal((int)json_at(c, "leak_enable"), 1);
    assert_int_equal((int)json_at(c, "neurons_initial_value.3.4.7"), 99);
    const struct speck_cnn_layer *l = &n.config.cnn_layers[3];
    assert_int_equal((int)json_at(c, "weights.3.1.0.2"), /* feature, channel, x, y */
                     l->weights[speck_weight_at(&l->dimensions, 3, 1, 2, 0)]);
    assert_int_equal(json_member(c, "weights")->item.n, 4);
    assert_int_equal((int)json_at(&t, "dvs.cut.x"), 9);
    assert_int_equal((int)json_at(&t, "dvs.destinations.0.layer"), 3);
    assert_int_equal((int)json_at(&t, "readout.threshold"), 0);
    assert_int_equal((int)json_at(&t, "inputs.extra.0.pool.1"), 4);
    buf_free(&out);
    arena_free(&a);
}

static void other_networks_are_refused(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct buf out = {0};
    struct json j;
    struct speck_network n;
    json_init(&j, &out, 0);
    speck_small_network(&a, SPECK_2E, &n);
    n.plan.group.n = 1;
    assert_false(speck_dump_json(&a, &n.image, &n.plan, &j, &d));
    assert_int_equal(d.list.data[0]->code, E0701);
    buf_free(&out);
    diags_free(&d);
    arena_free(&a);
}

/* ---- programs ---- */

static void export_program(struct arena *a, const struct speck_network *n, const char *stimulus,
                           struct buf *out, struct diags *d)
{
    assert_true(speck_export_samna(a, &n->image, &n->plan, stimulus, out, d));
}

static void write_text(const char *folder, const char *name, const struct buf *b)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(b->data, 1, b->n, f), b->n);
    assert_int_equal(fclose(f), 0);
}

/* The system's Python has numpy (tests/deps.sh). */
static int python(const char *folder, const char *words)
{
    char command[2048], top[512];
    assert_non_null(getcwd(top, sizeof top));
    snprintf(command, sizeof command,
             "cd %s && export PATH=/usr/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%s/tests/"
             "standin && { python3 %s >log 2>&1 || { s=$?; sed 's/^/# /' log; exit $s; } }",
             folder, top, words);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void programs_build_the_configuration(void **state)
{
    (void)state;
    char folder[] = "/tmp/speck-XXXXXX", command[64];
    assert_non_null(mkdtemp(folder));
    for (uint32_t chip = 0; chip < SPECK_CHIPS; chip++) {
        struct arena a = {0};
        struct diags d = {0};
        struct buf program = {0}, text = {0};
        struct speck_network n;
        speck_small_network(&a, (enum speck_chip)chip, &n);
        n.config.dvs_layer.monitor_enable = true; /* and yet no sensor events */
        n.config.readout.threshold = 77;
        speck_sections(&a, &n.config, &n.maps, &n.image);
        export_program(&a, &n, NULL, &program, &d);
        dump(&a, &n, &text);
        for (const char *line = program.data; *line; line += strcspn(line, "\n") + 1) {
            if (strcspn(line, "\n") > 100)
                fail_msg("%.*s", (int)strcspn(line, "\n"), line);
        }
        write_text(folder, "program.py", &program);
        write_text(folder, "dump.json", &text);
        assert_int_equal(python(folder, "program.py --check"), 0);
        assert_int_equal(python(folder, "program.py --flash out.bin"), 0);
        assert_int_equal(python(folder, "program.py"), 2);
        assert_int_equal(python(folder, "$PYTHONPATH/check_speck.py build program.py dump.json"),
                         0);
        assert_int_equal(python(folder, "$PYTHONPATH/check_speck.py play program.py"), 0);
        assert_int_equal(d.list.n, 0);
        buf_free(&program);
        buf_free(&text);
        diags_free(&d);
        arena_free(&a);
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

static void silent_outputs_are_told(void **state)
{
    (void)state;
    struct arena a = {0};
    struct diags d = {0};
    struct buf out = {0};
    struct speck_network n;
    speck_small_network(&a, SPECK_2F, &n);
    n.config.cnn_layers[0].monitor_enable = false;
    speck_sections(&a, &n.config, &n.maps, &n.image);
    export_program(&a, &n, "s\"x.npz", &out, &d);
    assert_int_equal(d.list.n, 1);
    assert_int_equal(d.list.data[0]->code, W0952);
    assert_non_null(strstr(d.list.data[0]->message, "layer `second`"));
    assert_non_null(strstr(out.data, "STIMULUS = \"s\\\"x.npz\""));
    buf_free(&out);
    diags_free(&d);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_the_configuration),
        cmocka_unit_test(other_networks_are_refused),
        cmocka_unit_test(programs_build_the_configuration),
        cmocka_unit_test(silent_outputs_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
