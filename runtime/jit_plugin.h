/* What dyn-jit.so offers to the runtime, which opens it with dlopen() only when a run asks for it
 * (runtime/jit_plugin.c). The plugin exports one function, `dyn_jit_plugin`; both sides check
 * `abi`, which covers this header, runtime/run.h and runtime/kernel.h. */
#ifndef RUNTIME_JIT_PLUGIN_H
#define RUNTIME_JIT_PLUGIN_H

#include "runtime/run.h"

enum { JIT_PLUGIN_ABI = 4 };

#define JIT_PLUGIN_FILE   "dyn-jit.so"
#define JIT_PLUGIN_SYMBOL "dyn_jit_plugin"

struct jit_plugin {
    uint32_t abi; /* JIT_PLUGIN_ABI as the plugin was built with it */
    /* Fills `out`. False: `why` (of why_size bytes) says in one line what is wrong. */
    bool (*open)(struct backend *out, char *why, size_t why_size);
};

const struct jit_plugin *dyn_jit_plugin(void);

#endif
