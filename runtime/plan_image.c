/* A plan in an image's shared sections, and provenance. IMAGE.md describes each section. */
#include "runtime/image.h"

/* ---- writing -----------------------------------------------------------------------------------
 */

static void write_span(struct buf *b, struct plan_span s)
{
    buf_u32(b, s.file);
    buf_u32(b, s.begin);
    buf_u32(b, s.end);
    buf_u32(b, s.line);
    buf_u32(b, s.column);
}

static void write_shape(struct buf *b, const struct plan_shape *s)
{
    buf_u32(b, s->rank);
    for (uint32_t i = 0; i < s->rank; i++)
        buf_u32(b, s->extent[i]);
}

static void write_column(struct buf *b, const struct column *c, uint32_t n)
{
    uint32_t values = c->uniform ? 1 : n;
    buf_u32(b, values);
    for (uint32_t i = 0; i < values; i++)
        buf_f32(b, c->v[i]);
}

static void write_net(struct buf *b, const struct plan *p)
{
    write_str(b, p->network);
    buf_f64(b, p->dt);
    buf_u8(b, (uint8_t)p->semantics);
    buf_u8(b, p->has_mismatch);
    buf_u32(b, p->mismatch_seed);
    buf_u32(b, p->record.n);
    for (uint32_t i = 0; i < p->record.n; i++) {
        buf_u32(b, p->record.data[i].group);
        buf_u32(b, (uint32_t)p->record.data[i].state);
    }
    buf_u32(b, p->output.n);
    for (uint32_t i = 0; i < p->output.n; i++)
        buf_u32(b, p->output.data[i]);
    write_str(b, p->models);
    buf_u32(b, p->files.n);
    for (uint32_t i = 0; i < p->files.n; i++)
        write_str(b, p->files.data[i]);
}

static void write_kernels(struct buf *b, const struct plan *p)
{
    buf_u32(b, p->kernel.n);
    for (uint32_t i = 0; i < p->kernel.n; i++)
        kernel_write(b, p->kernel.data[i]);
}

static void write_pair(struct buf *b, const uint32_t pair[2])
{
    buf_u32(b, pair[0]);
    buf_u32(b, pair[1]);
}

static void write_sensor(struct buf *b, const struct sensor *s)
{
    buf_u8(b, s != NULL);
    if (!s)
        return;
    const uint8_t flag[] = {s->on, s->off, s->merge, s->mirror[0], s->mirror[1], s->swap};
    write_str(b, s->from);
    for (int i = 0; i < 3; i++)
        buf_u32(b, s->raw[i]);
    buf_put(b, flag, sizeof flag);
    write_pair(b, s->pool);
    write_pair(b, s->crop[0]);
    write_pair(b, s->crop[1]);
}

static void write_nodes(struct buf *b, const struct plan *p)
{
    buf_u32(b, p->input.n);
    for (uint32_t i = 0; i < p->input.n; i++) {
        const struct plan_input *in = &p->input.data[i];
        write_str(b, in->name);
        write_shape(b, &in->shape);
        write_span(b, in->span);
        write_sensor(b, in->sensor);
    }
    buf_u32(b, p->group.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        const struct kernel *k = p->kernel.data[g->kernel];
        write_str(b, g->name);
        write_shape(b, &g->shape);
        write_span(b, g->span);
        buf_u32(b, g->kernel);
        for (uint32_t j = 0; j < k->n_params; j++) {
            buf_f64(b, g->mismatch[j]);
            write_column(b, &g->param[j], g->n);
        }
        for (uint32_t j = 0; j < k->n_states; j++)
            write_column(b, &g->init[j], g->n);
    }
}

static void write_projections(struct buf *b, const struct plan *p)
{
    buf_u32(b, p->projection.n);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        buf_u8(b, j->from_input);
        buf_u32(b, j->src);
        buf_u32(b, j->dst);
        buf_u32(b, j->receptor);
        buf_u32(b, j->delay);
        write_span(b, j->span);
        write_pair(b, j->pool);
        buf_u8(b, j->average);
        buf_u8(b, j->conv != NULL);
        if (!j->conv)
            continue;
        buf_u32(b, j->conv->out);
        buf_u32(b, j->conv->in);
        write_pair(b, j->conv->kernel);
        write_pair(b, j->conv->stride);
        write_pair(b, j->conv->padding);
    }
}

static void write_floats(struct buf *b, const float *v, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        buf_f32(b, v[i]);
}

static void write_rows(struct buf *b, const struct plan_projection *j)
{
    for (uint32_t pre = 0; pre < j->n_pre; pre++)
        buf_u32(b, (uint32_t)(j->row[pre + 1] - j->row[pre]));
    for (uint64_t s = 0; s < j->row[j->n_pre]; s++) {
        buf_u32(b, j->post[s]);
        buf_f32(b, j->weight[s]);
    }
}

static void write_synapses(struct buf *b, const struct plan *p)
{
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        buf_u8(b, j->bias != NULL);
        if (j->bias)
            write_floats(b, j->bias, plan_biases(p, j));
        if (j->conv)
            write_floats(b, j->conv->w, conv_count(j->conv));
        else
            write_rows(b, j);
    }
}

/* Of all groups: the parameters with factors. */
static uint32_t count_factors(const struct plan *p)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        for (uint32_t j = 0; g->factor && j < p->kernel.data[g->kernel]->n_params; j++)
            n += g->factor[j] != NULL;
    }
    return n;
}

static void write_factors(struct buf *b, const struct plan *p)
{
    buf_u32(b, count_factors(p));
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct plan_group *g = &p->group.data[i];
        for (uint32_t j = 0; g->factor && j < p->kernel.data[g->kernel]->n_params; j++) {
            if (!g->factor[j])
                continue;
            buf_u32(b, i);
            buf_u32(b, j);
            for (uint32_t k = 0; k < g->n; k++)
                buf_f32(b, g->factor[j][k]);
        }
    }
}

static void add(struct image_writer *w, const char *tag, const struct plan *p,
                void (*write)(struct buf *, const struct plan *))
{
    struct buf b = {0};
    write(&b, p);
    image_add(w, tag, &b);
    buf_free(&b);
}

void plan_write(struct image_writer *w, const struct plan *p, bool synapses)
{
    add(w, "NETW", p, write_net);
    add(w, "KERN", p, write_kernels);
    add(w, "NODE", p, write_nodes);
    if (count_factors(p) > 0)
        add(w, "FACT", p, write_factors);
    add(w, "PROJ", p, write_projections);
    if (synapses)
        add(w, "SYNS", p, write_synapses);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static struct plan_span read_span(struct reader *r)
{
    struct plan_span s;
    s.file = read_u32(r);
    s.begin = read_u32(r);
    s.end = read_u32(r);
    s.line = read_u32(r);
    s.column = read_u32(r);
    return s;
}

/* The product must be right for plan_verify(), or 0. */
static uint32_t read_shape(struct reader *r, struct plan_shape *s)
{
    uint32_t rank = read_u32(r);
    if (rank == 0 || rank > PLAN_MAX_RANK) {
        r->failed = true;
        return 0;
    }
    s->rank = rank;
    uint64_t n = 1;
    for (uint32_t i = 0; i < rank; i++) {
        s->extent[i] = read_u32(r);
        n *= s->extent[i];
        if (n > INT32_MAX)
            n = 0;
    }
    return (uint32_t)n;
}

static struct column read_column(struct arena *a, struct reader *r, uint32_t n)
{
    uint32_t values = read_count(r, 4);
    if (r->failed || (values != 1 && values != n)) {
        r->failed = true;
        return (struct column){0};
    }
    struct column c = {ARENA_ARRAY(a, float, values), values == 1};
    for (uint32_t i = 0; i < values; i++)
        c.v[i] = read_f32(r);
    return c;
}

static void read_net(struct arena *a, struct reader *r, struct plan *p)
{
    p->network = read_str(a, r);
    p->dt = read_f64(r);
    p->semantics = (enum plan_semantics)read_u8(r);
    p->has_mismatch = read_u8(r) != 0;
    p->mismatch_seed = read_u32(r);
    for (uint32_t i = read_count(r, 8); i > 0; i--) {
        uint32_t group = read_u32(r);
        VEC_PUSH(a, &p->record, ((struct plan_record){group, (int32_t)read_u32(r)}));
    }
    for (uint32_t i = read_count(r, 4); i > 0; i--)
        VEC_PUSH(a, &p->output, read_u32(r));
    p->models = read_str(a, r);
    for (uint32_t i = read_count(r, 4); i > 0; i--)
        VEC_PUSH(a, &p->files, read_str(a, r));
}

static bool read_kernels(struct arena *a, struct reader *r, struct plan *p, struct diags *d)
{
    for (uint32_t i = read_count(r, 4); i > 0; i--) {
        struct kernel *k = kernel_read(a, r, d);
        if (!k)
            return false;
        VEC_PUSH(a, &p->kernel, k);
    }
    return true;
}

static void read_group(struct arena *a, struct reader *r, const struct plan *p,
                       struct plan_group *g)
{
    g->name = read_str(a, r);
    g->n = read_shape(r, &g->shape);
    g->span = read_span(r);
    g->kernel = read_u32(r);
    if (r->failed || g->kernel >= p->kernel.n) {
        r->failed = true;
        return;
    }
    const struct kernel *k = p->kernel.data[g->kernel];
    g->mismatch = ARENA_ARRAY(a, double, k->n_params);
    g->param = ARENA_ARRAY(a, struct column, k->n_params);
    g->init = ARENA_ARRAY(a, struct column, k->n_states);
    for (uint32_t j = 0; j < k->n_params && !r->failed; j++) {
        g->mismatch[j] = read_f64(r);
        g->param[j] = read_column(a, r, g->n);
    }
    for (uint32_t j = 0; j < k->n_states && !r->failed; j++)
        g->init[j] = read_column(a, r, g->n);
}

static void read_pair(struct reader *r, uint32_t pair[2])
{
    pair[0] = read_u32(r);
    pair[1] = read_u32(r);
}

static struct sensor *read_sensor(struct arena *a, struct reader *r)
{
    if (!read_u8(r))
        return NULL;
    struct sensor *s = ARENA_NEW(a, struct sensor);
    bool *flag[] = {&s->on, &s->off, &s->merge, &s->mirror[0], &s->mirror[1], &s->swap};
    s->from = read_str(a, r);
    for (int i = 0; i < 3; i++)
        s->raw[i] = read_u32(r);
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++)
        *flag[i] = read_u8(r) != 0;
    read_pair(r, s->pool);
    read_pair(r, s->crop[0]);
    read_pair(r, s->crop[1]);
    return s;
}

static void read_nodes(struct arena *a, struct reader *r, struct plan *p)
{
    for (uint32_t i = read_count(r, 33); i > 0; i--) {
        struct plan_input *in = VEC_ADD(a, &p->input);
        in->name = read_str(a, r);
        in->n = read_shape(r, &in->shape);
        in->span = read_span(r);
        in->sensor = read_sensor(a, r);
    }
    for (uint32_t i = read_count(r, 36); i > 0 && !r->failed; i--)
        read_group(a, r, p, VEC_ADD(a, &p->group));
}

static void read_factors(struct arena *a, struct reader *r, struct plan *p)
{
    for (uint32_t i = read_count(r, 12); i > 0 && !r->failed; i--) {
        uint32_t group = read_u32(r), param = read_u32(r);
        struct plan_group *g = group < p->group.n ? &p->group.data[group] : NULL;
        uint32_t n_params = g ? p->kernel.data[g->kernel]->n_params : 0;
        if (param >= n_params || g->n > (r->b.n - r->at) / 4) {
            r->failed = true;
            return;
        }
        if (!g->factor)
            g->factor = ARENA_ARRAY(a, float *, n_params);
        g->factor[param] = ARENA_ARRAY(a, float, g->n);
        for (uint32_t k = 0; k < g->n; k++)
            g->factor[param][k] = read_f32(r);
    }
}

static struct conv *read_conv(struct arena *a, struct reader *r)
{
    if (!read_u8(r))
        return NULL;
    struct conv *c = ARENA_NEW(a, struct conv);
    c->out = read_u32(r);
    c->in = read_u32(r);
    read_pair(r, c->kernel);
    read_pair(r, c->stride);
    read_pair(r, c->padding);
    return c;
}

/* The rows it must have follow from its source, which plan_verify_shared() checks again. */
static void read_projections(struct arena *a, struct reader *r, struct plan *p)
{
    for (uint32_t i = read_count(r, 47); i > 0; i--) {
        struct plan_projection *j = VEC_ADD(a, &p->projection);
        j->from_input = read_u8(r) != 0;
        j->src = read_u32(r);
        j->dst = read_u32(r);
        j->receptor = read_u32(r);
        j->delay = read_u32(r);
        j->span = read_span(r);
        read_pair(r, j->pool);
        j->average = read_u8(r) != 0;
        j->conv = read_conv(a, r);
        uint32_t whole[3], pooled[3];
        if (j->src >= (j->from_input ? p->input.n : p->group.n))
            continue;
        if (plan_source_map(p, j, whole, pooled))
            j->n_pre = pooled[0] * pooled[1] * pooled[2];
        else
            j->n_pre = j->from_input ? p->input.data[j->src].n : p->group.data[j->src].n;
    }
}

static float *read_floats(struct arena *a, struct reader *r, uint64_t n)
{
    if (n > (r->b.n - r->at) / 4) {
        r->failed = true;
        return NULL;
    }
    float *v = ARENA_ARRAY(a, float, (size_t)n);
    for (uint64_t i = 0; i < n; i++)
        v[i] = read_f32(r);
    return v;
}

static void read_rows(struct arena *a, struct reader *r, struct plan_projection *j)
{
    if (j->n_pre > (r->b.n - r->at) / 4) {
        r->failed = true;
        return;
    }
    j->row = ARENA_ARRAY(a, uint64_t, (size_t)j->n_pre + 1);
    for (uint32_t pre = 0; pre < j->n_pre; pre++)
        j->row[pre + 1] = j->row[pre] + read_u32(r);
    uint64_t n = j->row[j->n_pre];
    if (n > (r->b.n - r->at) / 8) {
        r->failed = true;
        return;
    }
    j->post = ARENA_ARRAY(a, uint32_t, n);
    j->weight = ARENA_ARRAY(a, float, n);
    for (uint64_t s = 0; s < n; s++) {
        j->post[s] = read_u32(r);
        j->weight[s] = read_f32(r);
    }
}

static bool damaged(struct diags *d, const char *what, const char *tag, const char *why)
{
    diag_add(d, E0701, (struct span){0}, "%s isn't a valid image: section %s: %s", what, tag, why);
    return false;
}

/* False with a diagnostic if the section isn't there. */
static bool section(const struct image *im, const char *tag, struct reader *r, struct diags *d,
                    const char *what)
{
    const struct image_section *s = image_find(im, tag);
    *r = (struct reader){.b = s ? s->bytes : (struct bytes){0}};
    return s || damaged(d, what, tag, "it is missing");
}

/* True if all of the section was read and nothing more. */
static bool complete(const struct reader *r, struct diags *d, const char *what, const char *tag)
{
    return (!r->failed && r->at == r->b.n) || damaged(d, what, tag, "its contents are wrong");
}

static bool read_shared(struct arena *a, const struct image *im, struct plan *p, struct diags *d,
                        const char *what)
{
    struct reader r;
    if (!section(im, "NETW", &r, d, what))
        return false;
    read_net(a, &r, p);
    if (!complete(&r, d, what, "NETW") || !section(im, "KERN", &r, d, what) ||
        !read_kernels(a, &r, p, d) || !complete(&r, d, what, "KERN") ||
        !section(im, "NODE", &r, d, what))
        return false;
    read_nodes(a, &r, p);
    if (!complete(&r, d, what, "NODE"))
        return false;
    if (image_find(im, "FACT")) {
        section(im, "FACT", &r, d, what);
        read_factors(a, &r, p);
        if (!complete(&r, d, what, "FACT"))
            return false;
    }
    if (!section(im, "PROJ", &r, d, what))
        return false;
    read_projections(a, &r, p);
    if (!complete(&r, d, what, "PROJ"))
        return false;
    const char *why;
    if (plan_verify_shared(p, &why))
        return true;
    diag_add(d, E0701, (struct span){0}, "%s isn't a valid image: %s", what, why);
    return false;
}

static void read_synapses(struct arena *a, struct reader *r, const struct plan *p,
                          struct plan_projection *j)
{
    if (read_u8(r))
        j->bias = read_floats(a, r, plan_biases(p, j));
    if (j->conv)
        j->conv->w = read_floats(a, r, conv_count(j->conv));
    else
        read_rows(a, r, j);
}

bool plan_read(struct arena *a, const struct image *im, struct plan *out, struct diags *d,
               const char *what)
{
    *out = (struct plan){.network = "", .models = ""};
    if (!read_shared(a, im, out, d, what))
        return false;
    const struct image_section *s = image_find(im, "SYNS");
    if (!s)
        return true;
    struct reader r = {.b = s->bytes};
    for (uint32_t i = 0; i < out->projection.n && !r.failed; i++)
        read_synapses(a, &r, out, &out->projection.data[i]);
    const char *why;
    return complete(&r, d, what, "SYNS") &&
           (plan_verify(out, &why) || damaged(d, what, "SYNS", why));
}

/* ---- provenance --------------------------------------------------------------------------------
 */

void provenance_write(struct image_writer *w, const struct provenance *p)
{
    struct buf b = {0};
    buf_u64(&b, p->source_hash);
    write_str(&b, p->compiler);
    write_str(&b, p->options);
    write_str(&b, p->source);
    image_add(w, "PROV", &b);
    buf_free(&b);
}

bool provenance_read(struct arena *a, const struct image *im, struct provenance *out)
{
    const struct image_section *s = image_find(im, "PROV");
    if (!s)
        return false;
    struct reader r = {.b = s->bytes};
    out->source_hash = read_u64(&r);
    out->compiler = read_str(a, &r);
    out->options = read_str(a, &r);
    out->source = read_str(a, &r);
    return !r.failed && r.at == r.b.n;
}
