/* What each pass took, for `-v`: time, and memory that is linear in the network. */
#ifndef COMPILER_PASS_TABLE_H
#define COMPILER_PASS_TABLE_H

#include "runtime/base/arena.h"
#include "runtime/base/buf.h"

enum { MAX_TIMED = 16 };

struct pass_table {
    double begin; /* of the pass in hand, seconds */
    uint32_t n;
    struct {
        const char *pass;
        double seconds; /* of the process, so that others on the machine don't count */
        size_t kept;    /* bytes in the arena after it */
        size_t peak;    /* bytes that the process has had at most so far */
    } row[MAX_TIMED];
};

void pass_table_begin(struct pass_table *t);
/* The pass has ended, and the next one begins. */
void pass_table_add(struct pass_table *t, const char *pass, const struct arena *a);
void pass_table_print(const struct pass_table *t, struct buf *out);

#endif
