#include "targets/dynapse2/decode.h"

const struct target target_dynapse2 = {
    .name = "dynapse2",
    .title = "DYNAP-SE2 (mixed-signal, 4 cores x 256 neurons a chip)",
    .decode = d2_decode,
    .dump_json = d2_dump_json,
};
