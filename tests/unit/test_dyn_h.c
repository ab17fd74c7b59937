/* The public header, used as a program outside of the project would: through the shared libraries
 * (opened here at run time, so that a symbol that isn't exported fails the test). */
#include "tests/unit/unit.h"

#include "runtime/dyn.h"
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static const char source[] = "use dynapse2;\n"
                             "network small {\n"
                             "    dt = 1 ms;\n"
                             "    input in[2];\n"
                             "    layer out[2]: dpi;\n"
                             "    in -> out: dense([[20, 0], [0, 15]]);\n"
                             "    record out.spikes, out.vmem;\n"
                             "}\n";

static char dir[] = "/tmp/dyn-test-XXXXXX";

static const char *file(const char *name, const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
    return path;
}

static dyn_result *run(dyn_context *c, const dyn_image *im, uint8_t *counts, const char *output)
{
    memset(counts, 0, 400);
    for (int t = 0; t < 200; t++) {
        counts[2 * t + t % 2] = 1;
    }
    dyn_input in = {.name = "in", .counts = counts, .trials = 1, .steps = 200};
    dyn_run_options o = {
        .backend = "interp", .input = &in, .n_input = 1, .trials = 3, .output = output};
    return dyn_run(c, im, &o);
}

static void compiles_and_runs(void **state)
{
    (void)state;
    static const char *const target[] = {"sim", "dynapse2"};
    const char *path = file("small.dyn", source);
    dyn_context *c = dyn_new();
    assert_int_equal(dyn_check(c, path), 1);
    for (int k = 0; k < 2; k++) {
        dyn_compile_options o = {.target = target[k]};
        dyn_image *im = dyn_compile(c, path, &o);
        assert_non_null(im);
        assert_int_equal(dyn_status(c), 0);
        assert_string_equal(dyn_image_target(im), target[k]);
        assert_string_equal(dyn_image_network(im), "small");
        uint32_t n;
        assert_string_equal(dyn_image_input(im, 0, &n), "in");
        assert_int_equal(n, 2);
        assert_string_equal(dyn_image_layer(im, 0, &n), "out");
        assert_null(dyn_image_layer(im, 1, &n));

        uint8_t counts[400];
        dyn_result *r = run(c, im, counts, NULL);
        assert_non_null(r);
        const uint64_t *total = dyn_result_counts(r, "out", &n);
        assert_non_null(total);
        dyn_data spikes, vmem;
        assert_int_equal(dyn_result_data(r, "out.spikes", &spikes), 1);
        assert_int_equal(dyn_result_data(r, "out.vmem", &vmem), 1);
        assert_int_equal(dyn_result_data(r, "out.imem", &vmem), 0);
        assert_int_equal(spikes.trials, 3);
        assert_int_equal(spikes.steps, 200);
        uint64_t sum = 0, counted = 0;
        for (int i = 0; i < 3 * 200 * 2; i++) {
            sum += spikes.spikes[i];
        }
        for (int i = 0; i < 3 * 2; i++) {
            counted += total[i];
        }
        assert_true(sum > 0);
        assert_int_equal(sum, counted);

        size_t size;
        const void *bytes = dyn_image_bytes(im, &size);
        dyn_image *again = dyn_image_parse(c, bytes, size);
        assert_non_null(again);
        dyn_result *r2 = run(c, again, counts, NULL);
        assert_memory_equal(total, dyn_result_counts(r2, "out", &n), 6 * sizeof *total);
        dyn_result_free(r2);
        dyn_image_free(again);
        dyn_result_free(r);
        dyn_image_free(im);
    }
    dyn_free(c);
}

static size_t read_file(const char *path, char *out, size_t most)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(out, 1, most, f);
    fclose(f);
    return n;
}

/* What is recorded goes into a file in the end, or while the run goes on. */
static void records_into_a_file(void **state)
{
    (void)state;
    static char saved[20000], streamed[20000];
    char out[64];
    uint8_t counts[400];
    uint32_t n;
    dyn_data data;
    const char *path = file("small.dyn", source);
    snprintf(out, sizeof out, "%s/out.npz", dir);
    dyn_context *c = dyn_new();
    dyn_image *im = dyn_compile(c, path, NULL);
    dyn_result *r = run(c, im, counts, NULL);
    assert_int_equal(dyn_result_save(c, r, out), 1);
    size_t size = read_file(out, saved, sizeof saved);
    assert_int_equal(remove(out), 0);
    dyn_result *r2 = run(c, im, counts, out);
    assert_non_null(r2);
    assert_int_equal(read_file(out, streamed, sizeof streamed), size);
    assert_memory_equal(saved, streamed, size);
    assert_int_equal(dyn_result_data(r2, "out.spikes", &data), 0);
    assert_memory_equal(dyn_result_counts(r, "out", &n), dyn_result_counts(r2, "out", &n),
                        6 * sizeof(uint64_t));
    dyn_result_free(r);
    dyn_result_free(r2);
    assert_int_equal(dyn_status(c), 0);
    assert_null(run(c, im, counts, "/nonexistent/out.npz"));
    assert_int_equal(dyn_status(c), 5);
    dyn_image_free(im);
    dyn_free(c);
    assert_int_equal(remove(out), 0);
}

/* A board by hand that loses an input's events: the library says so once it is compiled, and after
 * each run. */
static void warns_of_what_the_chip_loses(void **state)
{
    (void)state;
    static const char board[] = "board dynapse2 {\n"
                                "    input in[0] = tag 9, cores 0b0001, hop [0, 3];\n"
                                "    chip 0 { core 0 { neuron 0 = out[0]; neuron 1 = out[1]; } }\n"
                                "}\n";
    char text[1024];
    snprintf(text, sizeof text, "%s%s", source, board);
    char *weight = strstr(text, "20");
    weight[0] = ' '; /* in[0] isn't connected */
    dyn_context *c = dyn_new();
    dyn_image *im =
        dyn_compile(c, file("lost.dyn", text), &(dyn_compile_options){.target = "dynapse2"});
    assert_non_null(im);
    dyn_message m;
    assert_int_equal(dyn_message_count(c), 1);
    assert_int_equal(dyn_message_get(c, 0, &m), 1);
    assert_string_equal(m.code, "W0658");
    dyn_clear(c);
    uint8_t counts[400];
    dyn_result *r = run(c, im, counts, NULL);
    assert_non_null(r);
    assert_int_equal(dyn_message_count(c), 1);
    assert_int_equal(dyn_message_get(c, 0, &m), 1);
    assert_string_equal(m.code, "W0751");
    assert_int_equal(m.is_error, 0);
    assert_string_equal(m.message, "`in[0]` destination 0: hops [0, 3] from chip 0 lead off the "
                                   "board: 300 events");
    assert_int_equal(dyn_status(c), 0);
    dyn_result_free(r);
    dyn_image_free(im);
    dyn_free(c);
}

/* Every event of value 1 makes the neuron at its place spike, if its feature is 1. */
static const char events_source[] = "use speck;\n"
                                    "network events {\n"
                                    "    input in[2, 3, 4];\n"
                                    "    layer map: iaf;\n"
                                    "    layer sum[2]: iaf { threshold = 3; }\n"
                                    "    in -> map: conv2d([o: 1, c: 2, y: 1, x: 1 => c]);\n"
                                    "    map -> sum: all_to_all(1);\n"
                                    "    record map.spikes, sum.spikes, map.v, sum.v;\n"
                                    "}\n"
                                    "stimulus s for events {\n"
                                    "    duration = 20 ms;\n"
                                    "    in = regular(500 Hz);\n"
                                    "}\n";

static const dyn_event some[] = {{.trial = 1, .t = 5000, .channel = 1, .y = 2, .x = 3},
                                 {.trial = 0, .t = 900, .channel = 1, .y = 1, .x = 0},
                                 {.trial = 0, .t = 700, .channel = 1, .y = 0, .x = 2},
                                 {.trial = 0, .t = 800, .channel = 0, .y = 0, .x = 2},
                                 {.trial = 0, .t = 2500, .channel = 1, .y = 2, .x = 2}};

static dyn_result *play(dyn_context *c, const dyn_image *im, const dyn_event *e, size_t n,
                        const dyn_run_options *how)
{
    dyn_input in = {.name = "in", .events = e, .n_events = n};
    dyn_run_options o = *how;
    o.backend = "interp";
    o.input = &in;
    o.n_input = 1;
    return dyn_run(c, im, &o);
}

static void check_events(const dyn_result *r)
{
    static const dyn_event want[] = {{.t = 700, .x = 2},
                                     {.t = 900, .y = 1},
                                     {.t = 2500, .y = 2, .x = 2},
                                     {.trial = 1, .t = 5000, .y = 2, .x = 3}};
    dyn_data d;
    assert_int_equal(dyn_result_data(r, "map.spikes", &d), 1);
    assert_null(d.spikes);
    assert_int_equal(d.trials, 2);
    assert_int_equal(d.n_events, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(d.events[i].trial, want[i].trial);
        assert_int_equal(d.events[i].t, want[i].t);
        assert_int_equal(d.events[i].channel, 0);
        assert_int_equal(d.events[i].y, want[i].y);
        assert_int_equal(d.events[i].x, want[i].x);
    }
    assert_int_equal(dyn_result_data(r, "sum.spikes", &d), 1);
    assert_int_equal(d.n_events, 2);
    assert_int_equal(d.events[1].t, 2500);
    assert_int_equal(d.events[1].channel, 1);
    assert_int_equal(dyn_result_data(r, "sum.v", &d), 1);
    assert_null(d.events);
    assert_int_equal(d.steps, 1);
    assert_true(d.values[0] == 0 && d.values[1] == 0 && d.values[2] == 1 && d.values[3] == 1);
}

static void runs_events(void **state)
{
    (void)state;
    dyn_context *c = dyn_new();
    const char *path = file("events.dyn", events_source);
    dyn_image *im = dyn_compile(c, path, NULL);
    dyn_data d;
    assert_non_null(im);
    dyn_result *r = play(c, im, some, 5, &(dyn_run_options){0});
    assert_non_null(r);
    check_events(r);
    dyn_result_free(r);

    r = play(c, im, some, 5, &(dyn_run_options){.semantics = "clocked", .dt = 1e-3});
    assert_non_null(r);
    assert_int_equal(dyn_result_data(r, "map.spikes", &d), 1);
    assert_null(d.events);
    assert_int_equal(d.steps, 6); /* until the last event */
    assert_int_equal(d.spikes[2], 1);
    assert_int_equal(d.spikes[4], 1);
    assert_int_equal(d.spikes[2 * 12 + 10], 1);
    dyn_result_free(r);
    assert_int_equal(dyn_status(c), 0);
    dyn_image_free(im);

    /* Images say how they run. */
    im = dyn_compile(c, path, &(dyn_compile_options){.semantics = "clocked", .dt = "1ms"});
    assert_non_null(im);
    r = play(c, im, some, 5, &(dyn_run_options){0});
    assert_int_equal(dyn_result_data(r, "map.v", &d), 1);
    assert_int_equal(d.steps, 6);
    dyn_result_free(r);
    assert_null(play(c, im, some, 5, &(dyn_run_options){.dt = 1e-4}));
    assert_int_equal(dyn_status(c), 2);
    dyn_image_free(im);
    dyn_free(c);
}

static void refuses_wrong_events(void **state)
{
    (void)state;
    dyn_context *c = dyn_new();
    dyn_image *im = dyn_compile(c, file("events.dyn", events_source), NULL);
    const dyn_event outside = {.channel = 2}, before = {.t = -1}, many = {.trial = UINT32_MAX};
    const dyn_event *wrong[] = {&outside, &before, &many};
    for (uint32_t i = 0; i < 3; i++) {
        assert_null(play(c, im, wrong[i], 1, &(dyn_run_options){0}));
        assert_int_equal(dyn_status(c), 1);
        dyn_clear(c);
    }
    const dyn_run_options how[] = {{.semantics = "both"}, {.dt = -1}, {.semantics = "clocked"}};
    for (uint32_t i = 0; i < 3; i++) {
        assert_null(play(c, im, some, 5, &how[i]));
        assert_int_equal(dyn_status(c), i < 2 ? 2 : 1);
        dyn_clear(c);
    }
    dyn_image_free(im);
    dyn_free(c);
}

static void compiles_for_a_speck(void **state)
{
    (void)state;
    dyn_context *c = dyn_new();
    const char *path = file("events.dyn", events_source);
    const dyn_compile_options how[] = {
        {.target = "speck2e"},
        {.target = "speck2f", .like = "sinabs"},
        {.target = "speck2e", .calibrate = "s"},
    };
    for (uint32_t i = 0; i < 3; i++) {
        dyn_image *im = dyn_compile(c, path, &how[i]);
        assert_non_null(im);
        dyn_result *r = play(c, im, some, 5, &(dyn_run_options){0});
        assert_non_null(r);
        dyn_data d;
        assert_int_equal(dyn_result_data(r, "map.spikes", &d), 1);
        assert_int_equal(d.n_events, 4);
        dyn_result_free(r);
        dyn_image_free(im);
    }
    assert_null(dyn_compile(c, path, &(dyn_compile_options){.like = "sinabs"}));
    assert_int_equal(dyn_status(c), 2);
    dyn_free(c);
}

static void reports_what_is_wrong(void **state)
{
    (void)state;
    const char *path = file("wrong.dyn", "network x {\n    layer a[2]: nothing;\n}\n");
    dyn_context *c = dyn_new();
    assert_int_equal(dyn_check(c, path), 0);
    assert_int_equal(dyn_status(c), 1);
    dyn_message m;
    assert_int_equal(dyn_message_get(c, 0, &m), 1);
    assert_int_equal(m.is_error, 1);
    assert_int_equal(m.line, 2);
    assert_string_equal(m.file, path);
    assert_int_equal(dyn_message_get(c, dyn_message_count(c), &m), 0);
    dyn_clear(c);
    assert_int_equal(dyn_status(c), 0);
    assert_null(dyn_image_parse(c, "not an image", 12));
    assert_int_equal(dyn_status(c), 1);
    assert_null(dyn_image_open(c, "/nonexistent/x.dynb"));
    dyn_free(c);
}

static void prints_and_compares(void **state)
{
    (void)state;
    const char *path = file("small.dyn", source);
    dyn_context *c = dyn_new();
    char *text = dyn_print(c, path, "place", &(dyn_compile_options){.target = "dynapse2"});
    assert_non_null(text);
    assert_non_null(strstr(text, "neuron 0 = out[0]"));
    free(text);
    size_t beyond = 1;
    char *json = dyn_diff(c, path, path, &beyond);
    assert_non_null(json);
    assert_int_equal(beyond, 0);
    free(json);
    dyn_free(c);
}

/* Both shared libraries export their half of the header and nothing else of ours. */
static void shared_libraries_export_the_header(void **state)
{
    (void)state;
    static const char *const run_half[] = {"dyn_new", "dyn_image_open", "dyn_run",
                                           "dyn_result_save"};
    static const char *const compile_half[] = {"dyn_compile", "dyn_print", "dyn_diff"};
    static const char *const hidden[] = {"arena_alloc", "run_plan", "image_open"};
    char path[512];
    const char *build = getenv("BUILD");
    for (int k = 0; k < 2; k++) {
        snprintf(path, sizeof path, "%s/%s", build ? build : "build",
                 k ? "libdyn.so" : "libdyn-run.so");
        void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!lib) {
            fail_msg("%s", dlerror());
        }
        for (size_t i = 0; i < sizeof run_half / sizeof *run_half; i++) {
            assert_non_null(dlsym(lib, run_half[i]));
        }
        for (size_t i = 0; i < sizeof compile_half / sizeof *compile_half; i++) {
            assert_int_equal(dlsym(lib, compile_half[i]) != NULL, k == 1);
        }
        for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
            assert_null(dlsym(lib, hidden[i]));
        }
        dlclose(lib);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiles_and_runs),
        cmocka_unit_test(records_into_a_file),
        cmocka_unit_test(warns_of_what_the_chip_loses),
        cmocka_unit_test(runs_events),
        cmocka_unit_test(refuses_wrong_events),
        cmocka_unit_test(compiles_for_a_speck),
        cmocka_unit_test(reports_what_is_wrong),
        cmocka_unit_test(prints_and_compares),
        cmocka_unit_test(shared_libraries_export_the_header),
    };
    if (!mkdtemp(dir)) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[300];
    snprintf(path, sizeof path, "%s/small.dyn", dir), unlink(path);
    snprintf(path, sizeof path, "%s/wrong.dyn", dir), unlink(path);
    snprintf(path, sizeof path, "%s/events.dyn", dir), unlink(path);
    snprintf(path, sizeof path, "%s/lost.dyn", dir), unlink(path);
    rmdir(dir);
    return failed;
}
