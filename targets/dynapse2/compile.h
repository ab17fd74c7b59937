/* DYNAP-SE2, compile half: its entry in targets/compile.c. */
#ifndef DYNAPSE2_COMPILE_H
#define DYNAPSE2_COMPILE_H

#include "targets/compile.h"

extern const struct target_compiler compiler_dynapse2;

#endif
