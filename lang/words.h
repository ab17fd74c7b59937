/* Which words begin the items of a block, in the order in which one would look for them: for hints
 * and for completion. Each list ends with NULL. What they mean is the grammar's to say. */
#ifndef LANG_WORDS_H
#define LANG_WORDS_H

extern const char *const words_of_files[];
extern const char *const words_of_networks[];
extern const char *const words_of_neurons[];
extern const char *const words_of_bodies[];      /* of a step, and of what happens at an event */
extern const char *const words_of_expressions[]; /* that stand within one */

#endif
