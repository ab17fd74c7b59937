/* What a real chip does without a word: counted while a run goes on, named here. */
#include "targets/speck/emulate.h"
#include "targets/speck/export.h"

uint32_t speck_n_tallies(const struct plan *p)
{
    return SPECK_LAYERS * SPECK_LOSSES + p->input.n;
}

uint32_t speck_loss_tally(uint32_t layer, enum speck_loss loss)
{
    return layer * SPECK_LOSSES + loss;
}

uint32_t speck_input_tally(uint32_t input)
{
    return SPECK_LAYERS * SPECK_LOSSES + input;
}

/* "core 3 (`conv2`)" */
static const char *core_name(struct arena *a, const struct speck_maps *m, const struct plan *p,
                             uint32_t core)
{
    const int layer = speck_layer_on(m, core);
    return layer < 0 ? arena_printf(a, "core %u (no layer)", core)
                     : arena_printf(a, "core %u (`%s`)", core, p->group.data[layer].name);
}

static void core_findings(const char *name, uint32_t core, struct findings *out)
{
    static const struct {
        enum speck_loss loss;
        enum diag_code code;
        const char *text;
    } kind[] = {
        {SPECK_BORDER, W0761, "a pool drops spikes beyond its last whole area"},
        {SPECK_NO_FEATURE, W0762, "events come to a feature that it doesn't have"},
        {SPECK_NO_NEURON, W0762, "events meet no neuron"},
        {SPECK_SATURATED, W0763, "sums above 32767 are held there"},
    };
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
        finding_tallied(findings_add(out, kind[i].code, "%s: %s", name, kind[i].text),
                        speck_loss_tally(core, kind[i].loss));
}

void speck_findings(const struct speck_config *c, const struct speck_maps *m, const struct plan *p,
                    struct findings *out)
{
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const char *name = core_name(out->arena, m, p, i);
        core_findings(name, i, out);
        if (c->cnn_layers[i].input_congestion_balancer_enable)
            findings_add(out, W0764,
                         "%s: its congestion balancer drops events while it works; here none are",
                         name);
    }
    finding_tallied(findings_add(out, W0762, "readout: events come to an address of no class"),
                    speck_loss_tally(SPECK_READOUT, SPECK_NO_FEATURE));
    for (uint32_t i = 0; i < p->input.n; i++)
        finding_tallied(findings_add(out, W0761,
                                     "input `%s`: a pool drops events beyond its last whole area",
                                     p->input.data[i].name),
                        speck_input_tally(i));
    if (c->dvs_filter.enable)
        findings_add(out, W0764, "the sensor's filter is on; here it passes every event");
    if (c->readout.enable &&
        (c->readout.output_mode_sel || c->readout.output_neuron_num ||
         c->readout.readout_configuration_sel || c->readout.override_threshold_max))
        findings_add(out, W0764,
                     "the readout's mode isn't known; here it names the largest average");
}
