#include "core/detect/arl_internal.h"

#include <math.h>

void rs__gauss_legendre(uint32_t count, double from, double to, double *nodes, double *weights) {
    const double middle = 0.5 * (from + to), half = 0.5 * (to - from), pi = 3.14159265358979323846;
    for (uint32_t i = 0; i < (count + 1) / 2; i++) {
        double x = cos(pi * (i + 0.75) / (count + 0.5)), slope = 1;
        for (int turn = 0; turn < 100; turn++) {
            double before = 1, value = x;
            for (uint32_t n = 2; n <= count; n++) {
                const double next = ((2.0 * n - 1) * x * value - (n - 1.0) * before) / n;
                before = value;
                value = next;
            }
            slope = count * (x * value - before) / (x * x - 1);
            const double step = value / slope;
            x -= step;
            if (fabs(step) < 1e-15) break;
        }
        const double weight = 2 * half / ((1 - x * x) * slope * slope);
        nodes[i] = middle - half * x;
        nodes[count - 1 - i] = middle + half * x;
        weights[i] = weights[count - 1 - i] = weight;
    }
}

static void swap_rows(double *matrix, double *right, uint32_t count, uint32_t a, uint32_t b) {
    for (uint32_t i = 0; i < count; i++) {
        const double kept = matrix[(size_t)a * count + i];
        matrix[(size_t)a * count + i] = matrix[(size_t)b * count + i];
        matrix[(size_t)b * count + i] = kept;
    }
    const double kept = right[a];
    right[a] = right[b];
    right[b] = kept;
}

bool rs__solve(double *matrix, double *right, uint32_t count) {
    for (uint32_t column = 0; column < count; column++) {
        uint32_t pivot = column;
        for (uint32_t row = column + 1; row < count; row++) {
            if (fabs(matrix[(size_t)row * count + column]) > fabs(matrix[(size_t)pivot * count + column])) pivot = row;
        }
        const double most = matrix[(size_t)pivot * count + column];
        if (!(fabs(most) > 1e-300)) return false;
        if (pivot != column) swap_rows(matrix, right, count, pivot, column);
        const double *top = &matrix[(size_t)column * count];
        for (uint32_t row = column + 1; row < count; row++) {
            double *line = &matrix[(size_t)row * count];
            if (line[column] == 0) continue;
            const double factor = line[column] / most;
            for (uint32_t i = column + 1; i < count; i++) line[i] -= factor * top[i];
            right[row] -= factor * right[column];
        }
    }
    for (uint32_t row = count; row-- > 0;) {
        double sum = right[row];
        for (uint32_t i = row + 1; i < count; i++) sum -= matrix[(size_t)row * count + i] * right[i];
        right[row] = sum / matrix[(size_t)row * count + row];
    }
    return true;
}

static const double close_enough = 1e-7;   /* of the logarithm of a run length */

/* Secant on the logarithm, held inside the bracket (Illinois). */
double rs__least(rs__rising_fn f, void *context, double low, double high, double wanted) {
    const double goal = log(wanted);
    double at_low = log(f(context, low)) - goal, at_high = log(f(context, high)) - goal;
    if (isnan(at_low) || isnan(at_high)) return NAN;
    if (at_low >= 0) return low;
    if (at_high < 0) return high;
    for (int i = 0, kept = 0; i < 200 && high - low > 1e-10 * (1 + high); i++) {
        double x = i % 3 == 2 ? 0.5 * (low + high) : low - at_low * (high - low) / (at_high - at_low);
        if (!(x > low && x < high)) x = 0.5 * (low + high);
        const double at = log(f(context, x)) - goal;
        if (isnan(at)) return NAN;
        if (at >= 0) {
            high = x;
            at_high = at;
            if (at < close_enough) break;
            if (kept == 1) at_low *= 0.5;
            kept = 1;
        } else {
            low = x;
            at_low = at;
            if (kept == -1) at_high *= 0.5;
            kept = -1;
        }
    }
    return high;
}
