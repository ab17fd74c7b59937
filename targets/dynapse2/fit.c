/* What `dyn fit` tells: rows of need and have, and each core's share. */
#include "targets/dynapse2/load.h"
#include <math.h>

enum { MAX_ROWS = 12 };

struct fit {
    const struct net *n;
    struct arena *a;
    struct d2_load load;
    struct target_fit_row *row;
    uint32_t n_rows;
};

static void add_resource(struct fit *f, const char *resource, const char *where, double need,
                         double have)
{
    f->row[f->n_rows++] = (struct target_fit_row){resource, where, need, have};
}

static const char *core_name(struct fit *f, uint32_t core)
{
    return arena_printf(f->a, "chip %u core %u", core / D2_CORES, core % D2_CORES);
}

static void fit_neurons(struct fit *f)
{
    const struct d2_load *x = &f->load;
    uint32_t n = d2_grid_chips(x->grid) * D2_CORES, fullest = 0, cores = 0;
    for (uint32_t k = 0; k < n; k++) {
        cores += x->core[k].usable > 0;
        fullest = x->core[k].neurons > x->core[fullest].neurons ? k : fullest;
    }
    uint64_t least = (x->n_neurons + D2_NEURONS - 1) / D2_NEURONS;
    add_resource(f, "neurons", NULL, (double)x->n_neurons, (double)x->room);
    add_resource(f, "cores", NULL, x->n_cores > least ? x->n_cores : (double)least, cores);
    if (x->core[fullest].neurons > 0)
        add_resource(f, "neurons of the fullest core", core_name(f, fullest),
                     x->core[fullest].neurons, x->core[fullest].usable);
}

static void fit_fullest(struct fit *f, const char *resource, const struct d2_fullest *x)
{
    if (x->known)
        add_resource(f, resource, d2_neuron_name(f->a, f->n, x->layer, x->element), x->need,
                     x->have);
}

static void fit_tags(struct fit *f)
{
    uint32_t busiest = 0;
    for (uint32_t k = 1; k < d2_grid_chips(f->load.grid) * D2_CORES; k++)
        busiest = f->load.core[k].tags > f->load.core[busiest].tags ? k : busiest;
    add_resource(f, "tags of the busiest core", core_name(f, busiest), f->load.core[busiest].tags,
                 D2_TAGS);
}

/* The host tells the neurons of a column of chips apart by their tags, without the control tag. */
static void fit_monitors(struct fit *f)
{
    enum { HOST_TAGS = D2_TAGS - 1, HOST_COLUMNS = -D2_HOST_HOP };
    const struct d2_load *x = &f->load;
    uint32_t columns = x->grid.columns < HOST_COLUMNS ? x->grid.columns : HOST_COLUMNS, fullest = 0;
    if (!x->sram_known) {
        add_resource(f, "monitors", NULL, (double)x->n_wanted, columns * HOST_TAGS);
        return;
    }
    for (uint32_t k = 1; k < x->grid.columns; k++)
        fullest = x->monitors[k] > x->monitors[fullest] ? k : fullest;
    add_resource(f, "monitors of the fullest column", arena_printf(f->a, "column %u", fullest),
                 x->monitors[fullest], fullest < columns ? HOST_TAGS : 0);
}

uint32_t d2_fit(const struct net *n, struct arena *a, struct target_fit_row **out)
{
    struct arena scratch = {0};
    struct fit f = {.n = n, .a = a, .load = d2_load(&scratch, n)};
    const struct d2_load *x = &f.load;
    f.row = ARENA_ARRAY(a, struct target_fit_row, MAX_ROWS);
    fit_neurons(&f);
    if (x->cam_known) {
        add_resource(&f, "CAM entries", NULL, (double)x->cam, (double)x->cam_room);
        fit_fullest(&f, "CAM entries of the fullest neuron", &x->fullest_cam);
    }
    if (x->sram_known) {
        add_resource(&f, "SRAM entries", NULL, (double)x->sram, (double)(x->room * D2_SRAM));
        fit_fullest(&f, "SRAM entries of the fullest neuron", &x->fullest_sram);
        fit_tags(&f);
    }
    fit_monitors(&f);
    if (x->sram_known && d2_grid_chips(x->grid) > 1)
        add_resource(&f, "hops of the longest way", NULL, x->hops, D2_MAX_HOP);
    arena_free(&scratch);
    *out = f.row;
    return f.n_rows;
}

/* ---- core by core ---- */

enum quantity { CAM, CAM_MOST, SRAM, TAGS, ERROR, N_QUANTITIES };

static void fill_columns(const struct net *n, const struct d2_load *x, struct arena *a,
                         struct target_occupancy *out)
{
    static const struct target_column quantities[N_QUANTITIES] = {
        [CAM] = {"cam", "CAM", false, NULL},
        [CAM_MOST] = {"cam_fullest", "fullest CAM", false, NULL},
        [SRAM] = {"sram", "SRAM", false, NULL},
        [TAGS] = {"tags", "tags", false, NULL},
        [ERROR] = {"weight_error", "weight error", true, NULL},
    };
    uint32_t n_cores = d2_grid_chips(x->grid) * D2_CORES;
    out->n_quantities = N_QUANTITIES;
    out->quantity = ARENA_ARRAY(a, struct target_column, N_QUANTITIES);
    for (uint32_t k = 0; k < N_QUANTITIES; k++) {
        out->quantity[k] = quantities[k];
        out->quantity[k].v = ARENA_ARRAY(a, double, n_cores);
    }
    for (uint32_t k = 0; k < n_cores; k++) {
        out->used[k] = x->core[k].neurons;
        out->usable[k] = x->core[k].usable;
        out->quantity[CAM].v[k] = x->cam_known ? (double)x->core[k].cam : (double)NAN;
        out->quantity[CAM_MOST].v[k] = x->cam_known ? (double)x->core[k].cam_most : (double)NAN;
        out->quantity[SRAM].v[k] = x->sram_known ? (double)x->core[k].sram : (double)NAN;
        out->quantity[TAGS].v[k] = x->sram_known ? (double)x->core[k].tags : (double)NAN;
        out->quantity[ERROR].v[k] = (double)NAN;
    }
    for (uint32_t i = 0; n->board && i < n->board->core.n; i++) {
        const struct board_core *c = &n->board->core.data[i];
        if (c->has_error)
            out->quantity[ERROR].v[c->chip * D2_CORES + c->core] = c->error;
    }
}

static void fill_traffic(const struct d2_load *x, struct arena *a, struct target_occupancy *out)
{
    uint32_t n = d2_grid_chips(x->grid) + 1;
    VEC(struct target_traffic) list = {0};
    for (uint32_t k = 0; k < n; k++) {
        uint32_t from = (k + n - 1) % n; /* the host first */
        for (uint32_t j = 0; j < n; j++) {
            uint32_t to = (j + n - 1) % n, sources = x->traffic[from * n + to];
            if (sources > 0 && from != to)
                VEC_PUSH(a, &list,
                         ((struct target_traffic){(int32_t)k - 1, (int32_t)j - 1, sources}));
        }
    }
    out->n_traffic = list.n;
    out->traffic = list.data;
}

void d2_occupancy(const struct net *n, struct arena *a, struct target_occupancy *out)
{
    struct arena scratch = {0};
    struct d2_load x = d2_load(&scratch, n);
    uint32_t n_cores = d2_grid_chips(x.grid) * D2_CORES;
    *out = (struct target_occupancy){
        .columns = x.grid.columns,
        .rows = x.grid.rows,
        .cores = D2_CORES,
        .used = ARENA_ARRAY(a, uint32_t, n_cores),
        .usable = ARENA_ARRAY(a, uint32_t, n_cores),
    };
    fill_columns(n, &x, a, out);
    fill_traffic(&x, a, out);
    arena_free(&scratch);
}
