/* Where the chips of a board stand and where hops lead.
 *
 * Chips fill a rectangle: chip k stands in column k % columns of row k / columns; x grows to the
 * east, y to the north. The host (the FPGA) is one hop west of chip 0 [R]. An event travels along x
 * first, then along y, one chip a hop. What leaves the board to the west on its way along x with
 * the host's hops (-7, -7) reaches the host; what leaves it otherwise is lost. So hops of 7 reach
 * from the middle of a grid of 15 x 15 to all of it, and chips in columns 0 to 6 can speak to the
 * host.
 *
 * [R] Rockpool 3.1.0: the stack of 4 x 1 and the host's hops; chip k stands k + 1 hops east of the
 * FPGA by the first of two tables there (the second one, which wins, omits chip 2). Larger grids
 * follow from the range of the hops; no board that large is known. */
#ifndef DYNAPSE2_GRID_H
#define DYNAPSE2_GRID_H

#include <stdbool.h>
#include <stdint.h>

enum {
    D2_MAX_SIDE = 15, /* columns and rows: 2 * D2_MAX_HOP + 1 */
    D2_MAX_CHIPS = D2_MAX_SIDE * D2_MAX_SIDE,
    D2_STACK = 4, /* columns of the stack, the board that is assumed if none is given [R] */
};

struct d2_grid {
    uint8_t columns, rows; /* 1 .. D2_MAX_SIDE */
};

static inline uint32_t d2_grid_chips(struct d2_grid g)
{
    return (uint32_t)g.columns * g.rows;
}

/* What is no chip, of what d2_hop_target() returns. */
enum { D2_OFF_BOARD = -1, D2_HOST = -2 };

/* Where an event from a chip arrives: a chip, D2_HOST or D2_OFF_BOARD. */
int d2_hop_target(struct d2_grid g, uint32_t chip, int x_hop, int y_hop);

/* Hops from one chip to another. False: too far, or those are the host's hops. */
bool d2_hops(struct d2_grid g, uint32_t from, uint32_t to, int *x_hop, int *y_hop);

/* Whether the chip's events to the host arrive there. */
bool d2_reaches_host(struct d2_grid g, uint32_t chip);

#endif
