#include "compiler/net/board.h"

struct board_core *board_core(struct arena *a, struct board *b, uint32_t chip, uint32_t core)
{
    uint32_t at = b->core.n;
    while (at > 0) {
        struct board_core *c = &b->core.data[at - 1];
        if (c->chip == chip && c->core == core)
            return c;
        if (c->chip < chip || (c->chip == chip && c->core < core))
            break;
        at--;
    }
    (void)VEC_ADD(a, &b->core);
    struct board_core *c = &b->core.data[at];
    memmove(c + 1, c, (b->core.n - 1 - at) * sizeof *c);
    *c = (struct board_core){.chip = chip, .core = core};
    return c;
}

struct board_core *board_find_core(const struct board *b, uint32_t chip, uint32_t core)
{
    for (uint32_t i = 0; i < b->core.n; i++) {
        if (b->core.data[i].chip == chip && b->core.data[i].core == core)
            return &b->core.data[i];
    }
    return NULL;
}

struct board_neuron *board_neuron(struct arena *a, struct board_core *c, uint32_t index)
{
    uint32_t at = c->neuron.n;
    while (at > 0 && c->neuron.data[at - 1].index >= index) {
        if (c->neuron.data[at - 1].index == index)
            return &c->neuron.data[at - 1];
        at--;
    }
    (void)VEC_ADD(a, &c->neuron);
    struct board_neuron *x = &c->neuron.data[at];
    memmove(x + 1, x, (c->neuron.n - 1 - at) * sizeof *x);
    *x = (struct board_neuron){.index = (uint16_t)index, .layer = -1};
    return x;
}

struct board_bias *board_find_bias(const struct board_core *c, const char *name)
{
    for (uint32_t i = 0; i < c->bias.n; i++) {
        if (strcmp(c->bias.data[i].name, name) == 0)
            return &c->bias.data[i];
    }
    return NULL;
}

void board_set_bias(struct arena *a, struct board_core *c, const char *name, uint8_t coarse,
                    uint8_t fine, struct span span)
{
    struct board_bias *x = board_find_bias(c, name);
    if (!x)
        x = VEC_ADD(a, &c->bias);
    *x = (struct board_bias){name, coarse, fine, span};
}
