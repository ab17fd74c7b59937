/* A network for DYNAP-SE2 from its text through the front end and all passes to an image, with
 * profiles of chips as text. */
#ifndef TESTS_UNIT_MAPPED_TEXT_H
#define TESTS_UNIT_MAPPED_TEXT_H

#include "compiler/elaborate.h"
#include "runtime/image.h"
#include "targets/compile.h"
#include "tests/random_dynapse2.h"

struct mapped_text {
    struct arena arena;
    struct diags diags;
    struct unit unit;
    struct target_report report;
    struct net *asked; /* elaborated only; NULL: the front end has errors */
    struct net *net;   /* after the passes, or as far as they got */
    struct plan plan;  /* of the mapped network */
    struct buf image;
};

/* False: reported in t->diags. Profiles are those of `r` (NULL: none); no file is read. */
bool mapped_text_map(struct mapped_text *t, const char *text, const struct random_network *r,
                     const struct target_options *o);
/* Fills plan and image, after mapped_text_map(). */
void mapped_text_encode(struct mapped_text *t);
void mapped_text_open(struct mapped_text *t, struct image *im);
bool mapped_text_said(const struct mapped_text *t, enum diag_code code);
void mapped_text_free(struct mapped_text *t);

#endif
