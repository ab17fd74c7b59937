#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/emulate.h"
#include "targets/dynapse2/export.h"

const struct target target_dynapse2 = {
    .name = "dynapse2",
    .title = "DYNAP-SE2 (mixed-signal, 4 cores x 256 neurons a chip)",
    .decode = d2_decode,
    .emulate = d2_emulate,
    .dump_json = d2_dump_json,
    .export_samna = d2_export_samna,
    .export_config = d2_export_config,
};
