#include "targets/dynapse2/grid.h"
#include "targets/dynapse2/limits.h"
#include <stdlib.h>

int d2_hop_target(struct d2_grid g, uint32_t chip, int x_hop, int y_hop)
{
    int x = (int)(chip % g.columns) + x_hop, y = (int)(chip / g.columns) + y_hop;
    if (x < 0)
        return x_hop == D2_HOST_HOP && y_hop == D2_HOST_HOP ? D2_HOST : D2_OFF_BOARD;
    if (x >= g.columns || y < 0 || y >= g.rows)
        return D2_OFF_BOARD;
    return y * g.columns + x;
}

bool d2_hops(struct d2_grid g, uint32_t from, uint32_t to, int *x_hop, int *y_hop)
{
    *x_hop = (int)(to % g.columns) - (int)(from % g.columns);
    *y_hop = (int)(to / g.columns) - (int)(from / g.columns);
    return abs(*x_hop) <= D2_MAX_HOP && abs(*y_hop) <= D2_MAX_HOP &&
           !(*x_hop == D2_HOST_HOP && *y_hop == D2_HOST_HOP);
}

bool d2_reaches_host(struct d2_grid g, uint32_t chip)
{
    return d2_hop_target(g, chip, D2_HOST_HOP, D2_HOST_HOP) == D2_HOST;
}
