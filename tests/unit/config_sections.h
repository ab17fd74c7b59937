/* Sections CONF and MAPS of a DYNAP-SE2 configuration that is made by hand, for tests. */
#ifndef TESTS_UNIT_CONFIG_SECTIONS_H
#define TESTS_UNIT_CONFIG_SECTIONS_H

#include "targets/dynapse2/config.h"

/* An image of these two sections alone, in the arena. */
bool config_sections(struct arena *a, const struct d2_config *c, struct image *out);

#endif
