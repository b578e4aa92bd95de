/* core/detect/arl_internal.h — what the files of the solver share. */
#ifndef RS_CORE_DETECT_ARL_INTERNAL_H
#define RS_CORE_DETECT_ARL_INTERNAL_H

#include "core/detect/arl.h"
#include "core/detect/normal.h"

/* Nodes and weights of Gauss and Legendre on [from, to]. */
void rs__gauss_legendre(uint32_t count, double from, double to, double *nodes, double *weights);
/* Solves matrix · x = right by elimination with pivots; x is left in `right`. False: singular. `matrix` is used up. */
RS_MUST_CHECK bool rs__solve(double *matrix, double *right, uint32_t count);
/* The x in [low, high] from which on f(x) >= wanted, f rising in x; *high when none. Halves log-linearly. */
typedef double (*rs__rising_fn)(void *context, double x);
double rs__least(rs__rising_fn f, void *context, double low, double high, double wanted);

#endif
