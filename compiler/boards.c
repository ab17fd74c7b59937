#include "compiler/elab.h"
#include "targets/compile.h"
#include <stdlib.h>

/* A board section that is being made sense of. */
struct reading {
    struct elab *el;
    struct diags *d;
    struct net *net;
    struct board *board;
    struct net_words words;
    struct net_names names;
    struct env env;
};

enum { MAX_CHIP = 255, MAX_CORE = 255, MAX_NEURON = 65535, MAX_SLOT = 255, MAX_TAG = 65535 };

static bool number(struct reading *r, const struct ast_expr *e, double lo, double hi,
                   const char *what, int32_t *out)
{
    double x;
    if (!eval_whole(&r->env, e, lo, hi, what, &x))
        return false;
    *out = (int32_t)x;
    return true;
}

/* ---- names ---- */

/* "left.exc" of a reference, without the network's name before it. False: it means another network
 * of the file, which this board section also serves. */
static bool own_name(struct reading *r, const struct ast_ref *ref, const char **out)
{
    uint32_t first = 0;
    if (ref->n > 1 && net_names_layer(&r->names, ref->path[0].text) < 0 &&
        scope_find(r->env.scope, ref->path[0].text, SPACE_NETWORK)) {
        if (strcmp(ref->path[0].text, r->net->name) != 0)
            return false;
        first = 1;
    }
    struct buf b = {0};
    for (uint32_t i = first; i < ref->n; i++)
        buf_printf(&b, "%s%s", i > first ? "." : "", ref->path[i].text);
    *out = arena_strdup(r->env.arena, b.data);
    buf_free(&b);
    return true;
}

static int find(struct reading *r, const char *name, bool input, struct span at)
{
    int i = input ? net_names_input(&r->names, name) : net_names_layer(&r->names, name);
    if (i >= 0)
        return i;
    struct diag *g = diag_add(r->d, E0201, at, "network `%s` has no %s `%s`", r->net->name,
                              input ? "input" : "layer", name);
    uint32_t n = input ? r->net->input.n : r->net->layer.n;
    const char **names = ARENA_ARRAY(r->env.arena, const char *, n + 1);
    for (uint32_t k = 0; k < n; k++)
        names[k] = input ? r->net->input.data[k].name : r->net->layer.data[k].name;
    hint_near(r->d, g, name, names, n);
    return -1;
}

/* The elements that a reference selects, in ascending order; false if reported or not meant. */
static bool find_elements(struct reading *r, const struct ast_ref *ref, bool input, int *which,
                          uint32_t **list, uint32_t *n)
{
    const char *name;
    struct selection s;
    if (!ref || !own_name(r, ref, &name))
        return false;
    *which = find(r, name, input, ref->span);
    if (*which < 0)
        return false;
    const struct net_shape *own =
        input ? &r->net->input.data[*which].shape : &r->net->layer.data[*which].shape;
    struct shape shape = {.rank = own->rank};
    memcpy(shape.extent, own->extent, own->rank * sizeof *own->extent);
    if (!select_elements(&r->env, ref->subs, &shape, ref->span, &s))
        return false;
    *n = s.n;
    *list = arena_try(r->env.arena, s.n, sizeof **list);
    if (!*list) {
        no_memory(&r->env, ref->span);
        return false;
    }
    selection_list(&s, *list);
    return true;
}

/* ---- words: tag 5, cores 0b0010, hop [0, 0] ---- */

struct entry {
    int32_t tag, mask, x_hop, y_hop;
    int dendrite;
};

static bool read_hop(struct reading *r, const struct ast_word *w, struct entry *out)
{
    const struct ast_expr *x = w->value->kind == AST_ARRAY ? w->value->items : NULL;
    if (!x || !x->next || x->next->next) {
        diag_add(r->d, E0406, w->value->span, "a hop is `[x, y]`");
        return false;
    }
    return number(r, x, -128, 127, "a hop", &out->x_hop) &&
           number(r, x->next, -128, 127, "a hop", &out->y_hop);
}

static bool read_dendrite(struct reading *r, const struct ast_word *w, struct entry *out)
{
    for (uint32_t i = 0; i < r->words.n_dendrite; i++) {
        if (strcmp(r->words.dendrite[i], w->name.text) == 0) {
            out->dendrite = (int)i;
            return true;
        }
    }
    struct diag *g = diag_add(r->d, E0406, w->name.span, "%s has no dendrite `%s`",
                              r->board->target, w->name.text);
    hint_near(r->d, g, w->name.text, r->words.dendrite, r->words.n_dendrite);
    return false;
}

/* Takes exactly the words that the form asks for; `mask` is the name of the mask. */
static bool read_words(struct reading *r, const struct ast_word *w, const char *mask, bool hop,
                       bool dendrite, struct span at, struct entry *out)
{
    bool tag_seen = false, mask_seen = false, hop_seen = !hop, dendrite_seen = !dendrite;
    *out = (struct entry){0};
    for (; w; w = w->next) {
        const char *name = w->name.text;
        bool good = false, *seen = NULL;
        if (w->value && strcmp(name, "tag") == 0) {
            seen = &tag_seen;
            good = number(r, w->value, 0, MAX_TAG, "a tag", &out->tag);
        } else if (w->value && strcmp(name, mask) == 0) {
            seen = &mask_seen;
            good = number(r, w->value, 0, 255, mask, &out->mask);
        } else if (w->value && hop && strcmp(name, "hop") == 0) {
            seen = &hop_seen;
            good = read_hop(r, w, out);
        } else if (!w->value && dendrite) {
            seen = &dendrite_seen;
            good = read_dendrite(r, w, out);
        } else {
            diag_add(r->d, E0406, w->name.span, "`%s` doesn't belong here", name);
            return false;
        }
        if (!good)
            return false;
        if (*seen) {
            diag_add(r->d, E0406, w->name.span, "`%s` is given twice", name);
            return false;
        }
        *seen = true;
    }
    if (tag_seen && mask_seen && hop_seen && dendrite_seen)
        return true;
    diag_add(r->d, E0406, at, "an entry is `tag N, %s 0b...%s%s`", mask, hop ? ", hop [x, y]" : "",
             dendrite ? ", DENDRITE" : "");
    return false;
}

/* ---- neurons ---- */

/* `latch none;`, `cam none;`, `sram none;`: that kind is given, and empty. */
static bool is_none(const struct ast_board_item *i)
{
    if (i->kind == AST_B_LATCH)
        return i->name.text && strcmp(i->name.text, "none") == 0;
    return !i->words && i->index && i->index->kind == AST_NAME &&
           strcmp(i->index->name.text, "none") == 0;
}

/* Notes that a kind is given. False: it is given as none. */
static bool begin_kind(struct reading *r, struct board_neuron *x, const struct ast_board_item *i,
                       uint8_t kind, uint8_t *none)
{
    bool is = is_none(i), before = x->given & kind;
    if (before && (is || (*none & kind)))
        diag_add(r->d, E0406, i->span, "`none` is all that is said of its kind");
    x->given |= kind;
    *none |= is ? kind : 0;
    return !is;
}

static void read_latch(struct reading *r, struct board_neuron *x, const struct ast_board_item *i)
{
    for (uint32_t k = 0; k < x->latch.n; k++) {
        if (strcmp(x->latch.data[k], i->name.text) == 0)
            diag_add(r->d, E0406, i->span, "latch `%s` is given twice", i->name.text);
    }
    VEC_PUSH(r->net->arena, &x->latch, i->name.text);
}

static void read_neuron_items(struct reading *r, struct board_neuron *x,
                              const struct ast_board_item *items)
{
    struct arena *a = r->net->arena;
    struct entry e;
    int32_t slot;
    uint8_t none = 0;
    for (const struct ast_board_item *i = items; i; i = i->next) {
        switch (i->kind) {
        case AST_B_LATCH:
            if (i->name.text && begin_kind(r, x, i, BOARD_LATCH, &none))
                read_latch(r, x, i);
            break;
        case AST_B_CAM:
            if (!begin_kind(r, x, i, BOARD_CAM, &none) ||
                !number(r, i->index, 0, MAX_SLOT, "a CAM entry", &slot) ||
                !read_words(r, i->words, "weight", false, true, i->span, &e))
                break;
            for (uint32_t k = 0; k < x->cam.n; k++)
                if (x->cam.data[k].slot == slot)
                    diag_add(r->d, E0406, i->span, "CAM entry %d is given twice", slot);
            VEC_PUSH(a, &x->cam,
                     ((struct board_cam){(uint16_t)e.tag, (uint8_t)slot, (uint8_t)e.mask,
                                         (uint8_t)e.dendrite}));
            break;
        case AST_B_SRAM:
            if (!begin_kind(r, x, i, BOARD_SRAM, &none) ||
                !number(r, i->index, 0, MAX_SLOT, "an SRAM entry", &slot) ||
                !read_words(r, i->words, "cores", true, false, i->span, &e))
                break;
            for (uint32_t k = 0; k < x->sram.n; k++)
                if (x->sram.data[k].slot == slot)
                    diag_add(r->d, E0406, i->span, "SRAM entry %d is given twice", slot);
            VEC_PUSH(a, &x->sram,
                     ((struct board_sram){(uint16_t)e.tag, (uint8_t)slot, (uint8_t)e.mask,
                                          (int8_t)e.x_hop, (int8_t)e.y_hop}));
            break;
        default:
            diag_add(r->d, E0406, i->span, "a neuron has latches, cam and sram entries");
            break;
        }
    }
}

static void read_neuron(struct reading *r, uint32_t chip, uint32_t core,
                        const struct ast_board_item *i)
{
    struct arena *a = r->net->arena;
    int32_t index;
    int layer = -1;
    uint32_t *element = NULL, n = 1;
    if (!number(r, i->index, 0, MAX_NEURON, "a neuron's number", &index))
        return;
    if (i->ref && !find_elements(r, i->ref, false, &layer, &element, &n))
        return;
    if (n != 1) {
        diag_add(r->d, E0406, i->ref->span, "one neuron of the board is one of the network");
        return;
    }
    struct board_core *c = board_core(a, r->board, chip, core);
    uint32_t before = c->neuron.n;
    struct board_neuron *x = board_neuron(a, c, (uint32_t)index);
    if (c->neuron.n == before) {
        struct diag *g = diag_add(r->d, E0202, i->span, "chip %u core %u neuron %d is given twice",
                                  chip, core, index);
        diag_label(r->d, g, x->span, "given here");
        return;
    }
    x->layer = layer;
    x->element = element ? *element : 0;
    x->span = i->span;
    read_neuron_items(r, x, i->items);
    if (layer < 0)
        x->given = BOARD_ALL; /* nothing is computed for what isn't of the network */
}

/* ---- cores ---- */

static void read_bias(struct reading *r, uint32_t chip, uint32_t core,
                      const struct ast_board_item *i)
{
    int32_t coarse, fine;
    if (!i->value || !i->name.text)
        return;
    if (i->value->kind != AST_CODE) {
        struct diag *g =
            diag_add(r->d, E0406, i->value->span, "a bias of a core is its code, coarse:fine");
        diag_hint(r->d, g, "as in `bias %s = 2:134;`", i->name.text);
        return;
    }
    if (!number(r, i->value->a, 0, 255, "a coarse value", &coarse) ||
        !number(r, i->value->b, 0, 255, "a fine value", &fine))
        return;
    struct board_core *c = board_core(r->net->arena, r->board, chip, core);
    struct board_bias *old = board_find_bias(c, i->name.text);
    if (old) {
        struct diag *g = diag_add(r->d, E0202, i->span, "bias `%s` is given twice", i->name.text);
        diag_label(r->d, g, old->span, "given here");
        return;
    }
    board_set_bias(r->net->arena, c, i->name.text, (uint8_t)coarse, (uint8_t)fine, i->span);
}

static void read_chip_item(struct reading *r, uint32_t chip, const struct ast_board_item *i)
{
    int32_t core;
    if (i->kind == AST_B_ASSIGN && i->name.text && strcmp(i->name.text, "profile") == 0) {
        if (i->value)
            build_profile(&r->env, r->net, chip, i);
        return;
    }
    if (i->kind == AST_B_BIAS) {
        for (uint32_t k = 0; k < r->words.n_cores; k++)
            read_bias(r, chip, k, i);
        return;
    }
    if (i->kind != AST_B_CORE) {
        struct diag *g = diag_add(r->d, E0406, i->span, "a chip has a profile, biases and cores");
        diag_hint(r->d, g, "as in `core 0 { ... }`");
        return;
    }
    if (!number(r, i->index, 0, MAX_CORE, "a core's number", &core))
        return;
    board_core(r->net->arena, r->board, chip, (uint32_t)core)->span = i->span;
    for (const struct ast_board_item *x = i->items; x; x = x->next) {
        if (x->kind == AST_B_BIAS)
            read_bias(r, chip, (uint32_t)core, x);
        else if (x->kind == AST_B_NEURON)
            read_neuron(r, chip, (uint32_t)core, x);
        else
            diag_add(r->d, E0406, x->span, "a core has biases and neurons");
    }
}

/* ---- places, inputs, outputs ---- */

static void read_place(struct reading *r, const struct ast_board_item *i)
{
    int layer;
    uint32_t *list, n;
    int32_t chip = 0, core;
    if (!find_elements(r, i->ref, false, &layer, &list, &n) ||
        (i->index && !number(r, i->index, 0, MAX_CHIP, "a chip's number", &chip)) ||
        !number(r, i->index2, 0, MAX_CORE, "a core's number", &core))
        return;
    for (uint32_t first = 0, k = 1; k <= n; k++) { /* one place for each run of neighbours */
        if (k < n && list[k] == list[k - 1] + 1)
            continue;
        struct board_place p = {(uint32_t)layer, list[first],    k - first,
                                (uint32_t)chip,  (uint32_t)core, i->span};
        VEC_PUSH(r->net->arena, &r->board->place, p);
        first = k;
    }
}

static void read_input(struct reading *r, const struct ast_board_item *i)
{
    struct arena *a = r->net->arena;
    int input;
    uint32_t *list, n;
    if (!find_elements(r, i->ref, true, &input, &list, &n))
        return;
    VEC(struct board_destination) to = {0};
    for (const struct ast_word *w = i->words; w; w = w->next_group) {
        struct entry e;
        if (!read_words(r, w, "cores", true, false, i->span, &e))
            return;
        VEC_PUSH(a, &to,
                 ((struct board_destination){(uint16_t)e.tag, (uint8_t)e.mask, (int8_t)e.x_hop,
                                             (int8_t)e.y_hop}));
    }
    for (uint32_t k = 0; k < n; k++) {
        struct board_input *x = VEC_ADD(a, &r->board->input);
        *x = (struct board_input){.input = (uint32_t)input, .channel = list[k], .span = i->span};
        for (uint32_t t = 0; t < to.n; t++)
            VEC_PUSH(a, &x->to, to.data[t]);
    }
}

static void read_output(struct reading *r, const struct ast_board_item *i)
{
    struct ast_ref ref = {.path = {i->name}, .n = 1, .span = i->name.span};
    int layer;
    uint32_t *list, n;
    if (!i->name.text || !find_elements(r, &ref, false, &layer, &list, &n))
        return;
    struct board_output x = {.layer = (uint32_t)layer, .span = i->span};
    for (const struct ast_board_item *at = i->items; at; at = at->next) {
        int32_t chip, core, neuron;
        if (!number(r, at->index, 0, MAX_CHIP, "a chip's number", &chip) ||
            !number(r, at->index2, 0, MAX_CORE, "a core's number", &core) ||
            !number(r, at->index3, 0, MAX_NEURON, "a neuron's number", &neuron))
            return;
        VEC_PUSH(r->net->arena, &x.at,
                 ((struct board_address){(uint32_t)chip, (uint32_t)core, (uint32_t)neuron}));
    }
    if (x.at.n != n) {
        diag_add(r->d, E0406, i->span, "`%s` has %u neurons, there are %u addresses", i->name.text,
                 n, x.at.n);
        return;
    }
    for (uint32_t k = 0; k < r->board->output.n; k++) {
        if (r->board->output.data[k].layer == x.layer) {
            struct diag *g =
                diag_add(r->d, E0202, i->span, "output `%s` is given twice", i->name.text);
            diag_label(r->d, g, r->board->output.data[k].span, "given here");
            return;
        }
    }
    VEC_PUSH(r->net->arena, &r->board->output, x);
}

static int by_channel(const void *a, const void *b)
{
    const struct board_input *x = a, *y = b;
    if (x->input != y->input)
        return x->input < y->input ? -1 : 1;
    if (x->channel != y->channel)
        return x->channel < y->channel ? -1 : 1;
    return x->span.begin < y->span.begin ? -1 : x->span.begin > y->span.begin;
}

static void sort_inputs(struct reading *r)
{
    if (r->board->input.n == 0)
        return;
    struct board_input *v = r->board->input.data;
    qsort(v, r->board->input.n, sizeof *v, by_channel);
    for (uint32_t i = 1; i < r->board->input.n; i++) {
        if (v[i].input != v[i - 1].input || v[i].channel != v[i - 1].channel)
            continue;
        struct diag *g = diag_add(r->d, E0202, v[i].span,
                                  "the destinations of channel %u are given twice", v[i].channel);
        diag_label(r->d, g, v[i - 1].span, "given here");
    }
}

/* ---- the section ---- */

/* grid = [COLUMNS, ROWS]; */
static void read_grid(struct reading *r, const struct ast_board_item *i)
{
    const struct ast_expr *x = i->value->kind == AST_ARRAY ? i->value->items : NULL;
    int32_t columns, rows;
    if (!x || !x->next || x->next->next) {
        diag_add(r->d, E0306, i->value->span, "a grid is `[COLUMNS, ROWS]`");
        return;
    }
    if (number(r, x, 1, MAX_CHIP, "a number of columns", &columns) &&
        number(r, x->next, 1, MAX_CHIP, "a number of rows", &rows)) {
        r->board->columns = (uint32_t)columns;
        r->board->rows = (uint32_t)rows;
    }
}

static void read_setting(struct reading *r, const struct ast_board_item *i)
{
    static const char *const names[] = {"gain", "grid", "profile"};
    if (!i->name.text || !i->value)
        return;
    if (strcmp(i->name.text, "gain") == 0) {
        if (i->value->kind == AST_NAME && strcmp(i->value->name.text, "auto") == 0) {
            r->board->gain_auto = true;
            return;
        }
        if (eval_scalar(&r->env, i->value, DIM_ONE, "`gain`", &r->board->gain) &&
            !(r->board->gain > 0 && r->board->gain <= 1e30))
            diag_add(r->d, E0306, i->value->span, "a gain is above 0, or `auto`");
    } else if (strcmp(i->name.text, "grid") == 0) {
        read_grid(r, i);
    } else if (strcmp(i->name.text, "profile") == 0) {
        build_profile(&r->env, r->net, 0, i);
    } else {
        struct diag *g =
            diag_add(r->d, E0205, i->name.span, "a board has no setting `%s`", i->name.text);
        hint_near(r->d, g, i->name.text, names, 3);
    }
}

static void read_item(struct reading *r, const struct ast_board_item *i)
{
    int32_t chip;
    switch (i->kind) {
    case AST_B_ASSIGN:
        read_setting(r, i);
        break;
    case AST_B_PLACE:
        read_place(r, i);
        break;
    case AST_B_CHIP:
        if (number(r, i->index, 0, MAX_CHIP, "a chip's number", &chip))
            for (const struct ast_board_item *x = i->items; x; x = x->next)
                read_chip_item(r, (uint32_t)chip, x);
        break;
    case AST_B_INPUT:
        read_input(r, i);
        break;
    case AST_B_OUTPUT:
        read_output(r, i);
        break;
    default:
        diag_add(r->d, E0406, i->span,
                 "a board has settings, places, chips with cores, inputs and outputs");
        break;
    }
}

void build_board(struct elab *el, struct net *n, const struct ast_decl *decl)
{
    struct diags *d = el->u->diags;
    const struct ast_board *ast = decl->board;
    uint32_t before = d->n_errors;
    if (!ast->target.text)
        return;
    const struct target_compiler *t = target_compiler_find(ast->target.text);
    if (!t || !t->check_board) {
        struct diag *g =
            diag_add(d, E0406, ast->target.span, "there is no board `%s`", ast->target.text);
        struct buf list = {0};
        for (int i = 0; target_compilers[i]; i++)
            if (target_compilers[i]->check_board)
                buf_printf(&list, "%s`%s`", list.n ? ", " : "", target_compilers[i]->name);
        if (list.n)
            diag_hint(d, g, "boards are %s", list.data);
        buf_free(&list);
        return;
    }
    struct arena work = {0};
    n->board = ARENA_NEW(n->arena, struct board);
    n->board->target = t->name;
    n->board->gain = 1;
    n->board->span = decl->span;
    struct reading r = {.el = el, .d = d, .net = n, .board = n->board, .words = t->words};
    r.env = env_of(el->module.data[0]->scope, &work);
    net_names_init(&r.names, &work, n);
    for (const struct ast_board_item *i = ast->items; i; i = i->next)
        read_item(&r, i);
    sort_inputs(&r);
    arena_free(&work);
    if (d->n_errors == before && t->check_board)
        t->check_board(n, d);
}
