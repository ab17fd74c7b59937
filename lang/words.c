#include "lang/words.h"

#include <stddef.h>

const char *const words_of_files[] = {
    "use", "network", "stimulus", "neuron", "let", "fn", "board", NULL,
};

const char *const words_of_networks[] = {
    "dt", "input", "layer", "part", "let", "fn", "record", "output", "mismatch", NULL,
};

const char *const words_of_neurons[] = {
    "param", "layout", "bias", "let", "fn", "receive", "state", "step", "on", NULL,
};

const char *const words_of_bodies[] = {"let", "if", "emit", NULL};

const char *const words_of_expressions[] = {
    "if", "then", "else", "and", "or", "not", "true", "false", "seed", NULL,
};
