#include "targets/speck/decode.h"
#include "targets/speck/emulate.h"
#include "targets/speck/export.h"

const struct target target_speck2e = {
    .name = "speck2e",
    .title = "Speck 2e (event-driven convolutions, 9 cores)",
    .decode = speck_decode,
    .emulate = speck_emulate,
    .dump_json = speck_dump_json,
    .export_samna = speck_export_samna,
    .export_flash = speck_export_flash,
    .dump_flash = speck_dump_flash,
    .flash_note = "in the layout of the vendor's manual, not verified on silicon",
};

const struct target target_speck2f = {
    .name = "speck2f",
    .title = "Speck 2f (event-driven convolutions, 9 cores)",
    .decode = speck_decode,
    .emulate = speck_emulate,
    .dump_json = speck_dump_json,
    .export_samna = speck_export_samna,
};
