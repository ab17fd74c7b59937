#include "tests/naive_dynapsim.h"

#include <math.h>

static float exp32(float x)
{
    return (float)exp((double)x);
}

static float log32(float x)
{
    return (float)log((double)x);
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static void neuron(const struct naive_params *p, float dt, float iws, struct naive_state *s)
{
    float kappa = (p->kappa_n + p->kappa_p) / 2;
    float u = p->Ut / kappa;
    float t_ref = p->Vth * p->C_ref / p->Iref;
    float t_pls = p->Vth * p->C_pulse / p->Ipulse;
    float t_pahp = p->Vth * p->C_pulse_ahp / p->Ipulse_ahp;
    float its = larger(p->Itau_syn, p->Io), igs = larger(p->Igain_syn, p->Io);
    float ita = larger(p->Itau_ahp, p->Io), iga = larger(p->Igain_ahp, p->Io);
    float itm = larger(p->Itau_mem, p->Io), igm = larger(p->Igain_mem, p->Io);
    float tau_syn = u * p->C_syn / its, tau_ahp = u * p->C_ahp / ita;
    float f_ch = 1 - exp32(-t_pls / tau_syn), f_dis = exp32(-dt / tau_syn);
    float fa_ch = 1 - exp32(-t_pahp / tau_ahp), fa_dis = exp32(-dt / tau_ahp);
    float kp = kappa * kappa / (kappa + 1);

    float isinf = larger(igs / its * iws, p->Io);
    s->isyn = f_dis * s->isyn;
    s->isyn = s->isyn + f_ch * isinf;
    float iainf = iga / ita * (p->Iw_ahp * s->spikes);
    s->iahp = larger(fa_dis * s->iahp + fa_ch * iainf, p->Io);

    float fb = exp32(kp * (s->vmem / p->Ut));
    float ileak = itm + s->iahp;
    float iin = s->isyn - ileak + p->Idc;
    if (s->timer_ref != 0)
        iin = 0;
    iin = larger(iin, p->Io);
    float minf = igm / itm * (iin - ileak);
    float fm = p->Io * fb / ileak * (s->imem + igm);
    float tau = u * p->C_mem / ileak;
    float del = s->imem / (tau * (s->imem + igm)) * (minf + fm - s->imem * (1 + s->iahp / itm));
    s->imem = larger(s->imem + del * dt, p->Io);
    s->vmem = u * log32(s->imem / p->Io);

    float n = larger(ceilf(log32(s->imem / p->Ispkthr)), 0);
    float b = n < 1 ? n : 1;
    s->imem = (1 - b) * s->imem + b * p->Io;
    s->timer_ref = larger(s->timer_ref - dt, 0);
    s->timer_ref = (1 - b) * s->timer_ref + b * t_ref;
    s->spikes = n;
}

void naive_step(const struct naive_net *net, const float *count, struct naive_state *state,
                float *scratch)
{
    for (uint32_t i = 0; i < net->n; i++) {
        float sum = 0;
        for (uint32_t k = 0; k < net->n_in; k++)
            sum += net->w_in[(size_t)k * net->n + i] * count[k];
        for (uint32_t j = 0; j < net->n; j++)
            sum += net->w_rec[(size_t)j * net->n + i] * state[j].spikes;
        scratch[i] = sum * net->Iscale;
    }
    for (uint32_t i = 0; i < net->n; i++)
        neuron(&net->param[i], net->dt, scratch[i], &state[i]);
}
