/* What real chips would do without a word. */
#include "targets/dynapse2/emulate_board.h"

struct report {
    const struct d2_board *b;
    struct findings *out;
    struct arena text; /* names, until they are in a message */
};

/* ---- names ---- */

static const char *element_name(struct report *r, const char *name, const struct plan_shape *s,
                                uint32_t i)
{
    struct buf b = {0};
    plan_element_name(&b, name, s, i);
    const char *text = arena_strdup(&r->text, b.data);
    buf_free(&b);
    return text;
}

static const char *source_name(struct report *r, const struct d2_sender *s)
{
    const struct plan *p = r->b->links->plan;
    if (s->src < 0)
        return arena_printf(&r->text, "neuron %u of chip %u core %u", s->neuron->index,
                            s->core->chip, s->core->core);
    if (s->from_input) {
        const struct plan_input *in = &p->input.data[s->src];
        return arena_printf(&r->text, "`%s`", element_name(r, in->name, &in->shape, s->index));
    }
    const struct plan_group *g = &p->group.data[s->src];
    return arena_printf(&r->text, "`%s`", element_name(r, g->name, &g->shape, s->index));
}

static const char *id_name(struct report *r, uint32_t id)
{
    const struct d2_sender s = d2_sender(r->b, id);
    return source_name(r, &s);
}

/* Behind its name: one of no layer never fires here, but might on a board. */
static const char *outside(const struct d2_sender *s)
{
    return s->src < 0 ? " (of no layer)" : "";
}

/* "`readout[1]` SRAM entry 2", "`noise[3]` destination 0" */
static const char *route_name(struct report *r, const struct d2_sender *s, uint32_t i)
{
    if (s->channel)
        return arena_printf(&r->text, "%s destination %u", source_name(r, s), i);
    return arena_printf(&r->text, "%s%s SRAM entry %u", source_name(r, s), outside(s),
                        s->sram[i].slot);
}

static const char *core_name(struct report *r, uint32_t key)
{
    const struct d2_core *c = &r->b->config->core[key / D2_TAGS];
    return arena_printf(&r->text, "chip %u core %u", c->chip, c->core);
}

static void concerns(struct finding *x, const struct d2_sender *s)
{
    if (s->src >= 0)
        finding_concerns(x, (struct finding_source){s->from_input, (uint32_t)s->src, s->index});
}

/* ---- events that are lost or not heard ---- */

static void lost(struct report *r, const struct d2_sender *s, uint32_t i)
{
    const struct d2_destination *to = d2_destination(s, i);
    const bool for_host = to->x_hop == D2_HOST_HOP && to->y_hop == D2_HOST_HOP;
    concerns(findings_add(r->out, W0751, "%s: hops [%d, %d] from chip %u %s", route_name(r, s, i),
                          to->x_hop, to->y_hop, s->chip,
                          for_host ? "don't reach the host" : "lead off the board"),
             s);
}

static void unheard(struct report *r, const struct d2_sender *s, uint32_t i, uint32_t chip,
                    uint32_t core, bool empty)
{
    const char *route = route_name(r, s, i);
    const uint32_t tag = d2_destination(s, i)->tag;
    struct finding *x =
        empty ? findings_add(r->out, W0752, "%s: chip %u core %u has no neurons", route, chip, core)
              : findings_add(r->out, W0752, "%s: tag %u matches no CAM entry on chip %u core %u",
                             route, tag, chip, core);
    concerns(x, s);
}

static void check_arrival(struct report *r, const struct d2_sender *s, uint32_t i, uint32_t chip)
{
    const struct d2_destination *to = d2_destination(s, i);
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (!(to->cores >> k & 1))
            continue;
        const int32_t core = r->b->core_at[chip * D2_CORES + k];
        const bool empty = core < 0 || r->b->config->core[core].n_neurons == 0;
        if (empty || !r->b->in_cam[(uint32_t)core * D2_TAGS + to->tag])
            unheard(r, s, i, chip, k, empty);
    }
}

/* ---- the host ---- */

/* By all that the host sees of an event, its tag and the hops that it still had: the first sender.
 * The hops are -6 to 0, for columns 0 to 6. */
struct host {
    uint32_t *first; /* [column][tag] */
    bool *reached;   /* by each sender */
};

enum { HOST_COLUMNS = -D2_HOST_HOP };

/* Events of a neuron of no layer that the host would misread. */
static void check_host_outside(struct report *r, const struct d2_sender *s, uint32_t i,
                               uint32_t first)
{
    const uint32_t tag = d2_destination(s, i)->tag;
    if (tag == D2_CONTROL_TAG) {
        findings_add(r->out, W0755,
                     "%s is of no layer and never fires here, but the host would take its events "
                     "for time stamps (SRAM entry %u, tag %u)",
                     source_name(r, s), s->sram[i].slot, tag);
    } else if (first != D2_NOBODY) {
        findings_add(r->out, W0755,
                     "%s is of no layer and never fires here, but the host would take its events "
                     "for those of %s (SRAM entry %u, tag %u)",
                     source_name(r, s), id_name(r, first), s->sram[i].slot, tag);
    }
}

static void check_host(struct report *r, struct host *h, const struct d2_sender *s, uint32_t i,
                       const struct d2_landing *at)
{
    const uint32_t tag = d2_destination(s, i)->tag,
                   column = (uint32_t)(at->x_left - D2_HOST_HOP - 1);
    uint32_t *first = &h->first[column * D2_TAGS + tag];
    if (s->src < 0) {
        check_host_outside(r, s, i, *first);
        return;
    }
    h->reached[s->id] = true;
    if (tag == D2_CONTROL_TAG)
        concerns(findings_add(r->out, W0756, "%s: the host takes tag %u for a time stamp",
                              route_name(r, s, i), tag),
                 s);
    if (*first == D2_NOBODY) {
        *first = s->id;
        return;
    }
    if (*first == s->id) {
        concerns(findings_add(r->out, W0756, "%s: the host gets each of its events again",
                              route_name(r, s, i)),
                 s);
        return;
    }
    const struct d2_sender other = d2_sender(r->b, *first);
    struct finding *x =
        findings_add(r->out, W0756, "%s: the host can't tell its events from those of %s",
                     route_name(r, s, i), source_name(r, &other));
    concerns(x, s);
    concerns(x, &other);
}

static void check_outputs(struct report *r, const struct host *h)
{
    const struct plan *p = r->b->links->plan;
    for (uint32_t i = 0; i < p->output.n; i++) {
        const uint32_t g = p->output.data[i];
        for (uint32_t e = 0; e < p->group.data[g].n; e++) {
            const uint32_t id = d2_sender_of(r->b, &r->b->links->home[g][e]);
            if (h->reached[id])
                continue;
            const struct d2_sender s = d2_sender(r->b, id);
            concerns(findings_add(r->out, W0756, "%s is an output, but the host gets no events",
                                  source_name(r, &s)),
                     &s);
            arena_free(&r->text);
        }
    }
}

/* ---- neurons ---- */

/* CAM entries of a neuron that nothing reaches, or that drive nothing. */
static void check_cam(struct report *r, const struct d2_sender *s)
{
    const uint32_t core = (uint32_t)(s->core - r->b->config->core);
    const struct d2_cam *unused = NULL;
    bool idle = false;
    uint32_t n = 0;
    for (uint32_t m = 0; m < s->neuron->n_cam; m++) {
        const struct d2_cam *cam = &s->neuron->cam[m];
        const bool nothing = cam->mask == 0 || cam->dendrite == D2_NONE;
        if (!nothing && r->b->sender[core * D2_TAGS + cam->tag] != D2_NOBODY)
            continue;
        idle = n == 0 ? nothing : idle;
        unused = n == 0 ? cam : unused;
        n++;
    }
    if (n == 0)
        return;
    const char *more =
        n > 1 ? arena_printf(&r->text, "; %u more %s unused", n - 1, n == 2 ? "is" : "are") : "";
    if (idle)
        findings_add(r->out, W0754, "%s%s CAM entry %u drives no dendrite%s", source_name(r, s),
                     outside(s), unused->slot, more);
    else
        findings_add(r->out, W0754, "%s%s CAM entry %u: nothing sends tag %u to %s%s",
                     source_name(r, s), outside(s), unused->slot, unused->tag,
                     core_name(r, core * D2_TAGS), more);
}

/* A neuron of no layer has no model, so it is silent here; on a board it might not be. */
static void check_outside(struct report *r, const struct d2_sender *s)
{
    uint32_t n = 0, first = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t key[D2_CORES], n_keys = d2_arrivals(r->b, s, i, key);
        for (uint32_t k = 0; k < n_keys; k++) {
            uint32_t here = r->b->start[key[k] + 1] - r->b->start[key[k]];
            first = n == 0 ? key[k] : first;
            n += here;
        }
    }
    if (n == 0)
        return;
    findings_add(r->out, W0755,
                 "%s is of no layer and never fires here, but %u CAM entr%s it (tag %u on %s)",
                 source_name(r, s), n, n == 1 ? "y hears" : "ies hear", first % D2_TAGS,
                 core_name(r, first));
}

/* ---- all ---- */

static void check_routes(struct report *r, struct host *h, const struct d2_sender *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        const struct d2_destination *to = d2_destination(s, i);
        if (to->cores == 0) /* an empty entry */
            continue;
        const struct d2_landing at = d2_travel(r->b->config->grid, s->chip, to);
        if (at.where == D2_LOST)
            lost(r, s, i);
        else if (at.where == D2_AT_HOST)
            check_host(r, h, s, i, &at);
        else
            check_arrival(r, s, i, at.chip);
        arena_free(&r->text);
    }
}

static void check_sender(struct report *r, struct host *h, const struct d2_sender *s)
{
    check_routes(r, h, s);
    if (s->neuron)
        check_cam(r, s);
    arena_free(&r->text);
}

void d2_board_findings(const struct d2_board *b, struct findings *out)
{
    struct report r = {.b = b, .out = out};
    struct arena scratch = {0};
    const size_t n = HOST_COLUMNS * D2_TAGS;
    struct host h = {ARENA_ARRAY(&scratch, uint32_t, n), ARENA_ARRAY(&scratch, bool, b->n_senders)};
    memset(h.first, 0xff, n * sizeof *h.first);
    for (uint32_t id = 0; id < b->n_senders; id++) {
        const struct d2_sender s = d2_sender(b, id);
        if (s.src >= 0)
            check_sender(&r, &h, &s);
    }
    for (uint32_t id = b->n_channels; id < b->n_senders; id++) { /* the host knows all others */
        const struct d2_sender s = d2_sender(b, id);
        if (s.src < 0) {
            check_sender(&r, &h, &s);
            check_outside(&r, &s);
            arena_free(&r.text);
        }
    }
    check_outputs(&r, &h);
    arena_free(&r.text);
    arena_free(&scratch);
}

/* ---- connections that the network lacks ---- */

/* The first neuron at a key whose receptor the source isn't connected to; NULL: there is none. */
static const struct d2_entry *find_stray(const struct d2_board *b, uint32_t key, const bool *stray)
{
    for (uint32_t h = b->start[key]; h < b->start[key + 1]; h++) {
        if (stray[b->entry[b->heard[h]].receptor])
            return &b->entry[b->heard[h]];
    }
    return NULL;
}

static void tell_stray(struct report *r, const struct d2_sender *s, uint32_t i, uint32_t key,
                       const struct d2_entry *e)
{
    const struct d2_board *b = r->b;
    const struct plan_group *to = &b->links->plan->group.data[d2_group_of(b->links, e->receptor)];
    const uint32_t other = b->sender[key] != s->id ? b->sender[key] : b->other_sender[key];
    concerns(findings_add(r->out, W0753,
                          "%s drives `%s`, to which the network doesn't connect it: tag %u on "
                          "%s%s%s",
                          route_name(r, s, i), element_name(r, to->name, &to->shape, e->post),
                          key % D2_TAGS, core_name(r, key),
                          other == D2_NOBODY ? "" : " is also that of ",
                          other == D2_NOBODY ? "" : id_name(r, other)),
             s);
}

void d2_stray_findings(const struct d2_board *b, struct d2_ends source, const bool *stray,
                       struct findings *out)
{
    struct report r = {.b = b, .out = out};
    const struct plan *p = b->links->plan;
    const uint32_t n =
        source.from_input ? p->input.data[source.src].n : p->group.data[source.src].n;
    for (uint32_t pre = 0; pre < n; pre++) {
        const struct d2_sender s =
            d2_sender(b, source.from_input ? b->first_channel[source.src] + pre
                                           : d2_sender_of(b, &b->links->home[source.src][pre]));
        for (uint32_t i = 0; i < s.n; i++) {
            uint32_t key[D2_CORES], n_keys = d2_arrivals(b, &s, i, key);
            for (uint32_t k = 0; k < n_keys; k++) {
                const struct d2_entry *e = find_stray(b, key[k], stray);
                if (e)
                    tell_stray(&r, &s, i, key[k], e);
            }
        }
        arena_free(&r.text);
    }
}
