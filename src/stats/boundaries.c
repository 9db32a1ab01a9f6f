/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of bucket boundaries: owns it, is fed nothing, yields whole
 * nanoseconds to histogram.c and, through it, to the BPF programs.
 */
#include "stats/histogram.h"

_Static_assert(RT_HIST_SCALE == 5 && RT_HIST_MIN_EXP == -30 &&
		       RT_HIST_MAX_EXP == 12,
	       "the constants below belong to this range");

/*
 * The octave that ends at 2^12 s: floor(2^(11 + j/32) * 10^9) for j = 1..32.
 * A lower octave is the same shifted right: floor(floor(x) / 2^n) is
 * floor(x / 2^n), so these 32 numbers make all boundaries exact.
 * test_histogram.c proves each of them in whole numbers.
 */
/* clang-format off */
#define OCTAVE(s) \
	2092845360443 >> (s), 2138672706411 >> (s), 2185503540586 >> (s), \
	2233359836498 >> (s), 2282264048836 >> (s), 2332239123981 >> (s), \
	2383308510776 >> (s), 2435496171525 >> (s), 2488826593240 >> (s), \
	2543324799126 >> (s), 2599016360328 >> (s), 2655927407925 >> (s), \
	2714084645191 >> (s), 2773515360126 >> (s), 2834247438261 >> (s), \
	2896309375740 >> (s), 2959730292688 >> (s), 3024539946884 >> (s), \
	3090768747711 >> (s), 3158447770435 >> (s), 3227608770780 >> (s), \
	3298284199832 >> (s), 3370507219259 >> (s), 3444311716879 >> (s), \
	3519732322554 >> (s), 3596804424444 >> (s), 3675564185606 >> (s), \
	3756048560966 >> (s), 3838295314657 >> (s), 3922343037741 >> (s), \
	4008231166311 >> (s), 4096000000000 >> (s)

static const uint64_t boundaries[] = {
	OCTAVE(41), OCTAVE(40), OCTAVE(39), OCTAVE(38), OCTAVE(37), OCTAVE(36),
	OCTAVE(35), OCTAVE(34), OCTAVE(33), OCTAVE(32), OCTAVE(31), OCTAVE(30),
	OCTAVE(29), OCTAVE(28), OCTAVE(27), OCTAVE(26), OCTAVE(25), OCTAVE(24),
	OCTAVE(23), OCTAVE(22), OCTAVE(21), OCTAVE(20), OCTAVE(19), OCTAVE(18),
	OCTAVE(17), OCTAVE(16), OCTAVE(15), OCTAVE(14), OCTAVE(13), OCTAVE(12),
	OCTAVE(11), OCTAVE(10), OCTAVE(9),  OCTAVE(8),  OCTAVE(7),  OCTAVE(6),
	OCTAVE(5),  OCTAVE(4),  OCTAVE(3),  OCTAVE(2),  OCTAVE(1),  OCTAVE(0),
};
/* clang-format on */

_Static_assert(sizeof(boundaries) / sizeof(boundaries[0]) == RT_HIST_BUCKETS,
	       "one upper boundary a bucket");

const uint64_t *histogram__boundaries(void)
{
	return boundaries;
}
