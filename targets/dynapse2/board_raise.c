/* A decoded configuration as the board section of its network: everything in it counts as given by
 * hand, so that compiling the network again keeps it. */
#include "targets/dynapse2/passes.h"

static void raise_neuron(struct arena *a, const struct d2_neuron *x, struct board_neuron *out)
{
    out->layer = x->group;
    out->element = x->element;
    out->given = BOARD_ALL;
    for (uint32_t i = 0; i < D2_N_LATCHES; i++) {
        if (x->latches >> i & 1)
            VEC_PUSH(a, &out->latch, d2_latch_name[i]);
    }
    for (uint32_t i = 0; i < x->n_cam; i++) {
        const struct d2_cam *c = &x->cam[i];
        VEC_PUSH(a, &out->cam, ((struct board_cam){c->tag, c->slot, c->mask, c->dendrite}));
    }
    for (uint32_t i = 0; i < x->n_sram; i++) {
        const struct d2_destination *to = &x->sram[i].to;
        VEC_PUSH(a, &out->sram,
                 ((struct board_sram){to->tag, x->sram[i].slot, to->cores, to->x_hop, to->y_hop}));
    }
}

static void raise_cores(struct net *n, const struct d2_config *c)
{
    for (uint32_t i = 0; i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        struct board_core *out = board_core(n->arena, n->board, k->chip, k->core);
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (k->given[p])
                board_set_bias(n->arena, out, d2_param[p].name, k->code[p].coarse, k->code[p].fine,
                               (struct span){0});
        }
        for (uint32_t j = 0; j < k->n_neurons; j++)
            raise_neuron(n->arena, &k->neuron[j], board_neuron(n->arena, out, k->neuron[j].index));
    }
}

static void raise_inputs(struct net *n, const struct d2_config *c)
{
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        for (uint32_t k = 0; k < c->input[i].n; k++) {
            const struct d2_channel *ch = &c->input[i].channel[k];
            if (ch->n == 0)
                continue;
            struct board_input *x = VEC_ADD(n->arena, &n->board->input);
            *x = (struct board_input){.input = i, .channel = k};
            for (uint32_t j = 0; j < ch->n; j++) {
                const struct d2_destination *to = &ch->to[j];
                VEC_PUSH(n->arena, &x->to,
                         ((struct board_destination){to->tag, to->cores, to->x_hop, to->y_hop}));
            }
        }
    }
}

static void raise_outputs(struct net *n)
{
    struct arena scratch = {0};
    struct d2_sites s = d2_sites(&scratch, n);
    for (uint32_t i = 0; i < n->output.n; i++) {
        uint32_t layer = n->output.data[i];
        struct board_output *x = VEC_ADD(n->arena, &n->board->output);
        *x = (struct board_output){.layer = layer};
        for (uint32_t e = 0; e < n->layer.data[layer].n; e++) {
            struct d2_site at = s.at[s.first[layer] + e];
            VEC_PUSH(n->arena, &x->at,
                     ((struct board_address){at.core->chip, at.core->core, at.neuron->index}));
        }
    }
    arena_free(&scratch);
}

bool d2_raise_board(struct net *n, const struct image *im, struct diags *d)
{
    struct arena scratch = {0};
    struct d2_config c;
    bool ok = d2_config_read(&scratch, im, &c, d);
    if (ok) {
        n->board = ARENA_NEW(n->arena, struct board);
        *n->board = (struct board){.target = "dynapse2", .gain = c.gain};
        if (c.grid.columns != D2_STACK || c.grid.rows != 1) {
            n->board->columns = c.grid.columns;
            n->board->rows = c.grid.rows;
        }
        raise_cores(n, &c);
        raise_inputs(n, &c);
        raise_outputs(n);
    }
    arena_free(&scratch);
    return ok;
}
