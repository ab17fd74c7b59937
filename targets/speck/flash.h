/* The 354 KiB that a Speck 2e boots from an external flash, made from a configuration and read
 * back.
 *
 * The layout is from the vendor's manual "Speck2e 1.02" [D] and nobody has verified it on silicon.
 * What is known beside it: samna's configuration_to_flash_binary() returns 354 KB [B], which is
 * where this map ends, and the sector map of [D]'s example is what these fields give for the cores'
 * memories. For a board, let the vendor's library write the flash: `dyn export --samna`.
 *
 * What [D] says of a field is used as it stands. Choices where it says nothing [?]:
 * - 16-bit words (leaks, thresholds) have their low byte first, as the registers' names say;
 * - a count that its field can't hold is 0 there: 1024 input features in 10 bits, 64 rows or
 * columns in 6; pool codes are 0, 1, 2 for 1, 2, 4; the sensor's pool along x is in bits [5:4] of
 * its register 6, along y in [3:2];
 * - the tag of a monitored event is the core's number; of two tags in one byte the lower core's
 *   stands in the low half;
 * - fields that configure memories' timing hold the reset values that [D] gives.
 *
 * Without a place here, because [D]'s pages on them weren't to be had or because the chip takes
 * them from elsewhere: dvs_filter, readout, factory_config, leak_internal_slow_clk_enable,
 * neurons_initial_value. A configuration that sets any of them isn't encoded. The bytes 0x1a to
 * 0x21 (how neurons are initialised, the filter), those of the input interface and of the sensor's
 * bias currents are 0: unknown. The chip has no register for the size of an input map: it is read
 * back as the pooled map of the core or sensor that feeds it, else as the smallest that gives the
 * output. */
#ifndef SPECK_FLASH_H
#define SPECK_FLASH_H

#include "runtime/base/file.h"
#include "targets/speck/config.h"

enum { SPECK_FLASH_SIZE = 0x58800 };

/* Writes all SPECK_FLASH_SIZE bytes. False: f says what has no place in them, or is out of range.
 */
bool speck_flash_encode(const struct speck_config *c, uint8_t *out, struct speck_faults *f);

/* Untrusted. False: f says which bytes mean nothing that a configuration may have; a byte that the
 * layout doesn't explain counts as one. */
bool speck_flash_decode(struct arena *a, struct bytes b, struct speck_config *out,
                        struct speck_faults *f);

#endif
