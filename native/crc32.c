/* CRC-32 as zlib has it (ISO 3309, bits reflected), sixty-four bytes at a time.
 *
 * Carry-less multiplication folds four lanes of 16 bytes onto those 64 bytes further on, and at the
 * end onto one another (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Intel 2009). What is left are 16 bytes of the same checksum, which are taken byte by
 * byte, as is the rest: that spares the reduction and its constants.
 */
#include "wire.h"

static uint32_t by_bytes(uint32_t state, const uint8_t *at, const uint8_t *end)
{
	for (; at < end; at++) {
		state ^= *at;
		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (0xEDB88320u & -(state & 1));
	}
	return state;
}

#if defined(__x86_64__)

#include <immintrin.h>

enum { LANE = 16, LANES = 4 };

#define FOLDING __attribute__((target("pclmul,sse2")))

/* x^(d+64-1) and x^(d-1) modulo the polynomial, reflected, for a distance d of 512 and of 128 bits. */
static const uint64_t BY_LANES[] = {0x1C6E41596u, 0x154442BD4u};
static const uint64_t BY_LANE[] = {0x0CCAA009Eu, 0x1751997D0u};

static inline FOLDING __m128i load(const uint8_t *at)
{
	return _mm_loadu_si128((const __m128i *)at);
}

static inline FOLDING __m128i folded(__m128i lane, __m128i by, __m128i onto)
{
	__m128i low = _mm_clmulepi64_si128(lane, by, 0x00);
	__m128i high = _mm_clmulepi64_si128(lane, by, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

static FOLDING uint32_t by_lanes(uint32_t state, const uint8_t *at, const uint8_t *end)
{
	__m128i by = _mm_set_epi64x((int64_t)BY_LANES[0], (int64_t)BY_LANES[1]);
	__m128i lanes[LANES];
	uint8_t last[LANE];

	for (int lane = 0; lane < LANES; lane++)
		lanes[lane] = load(at + lane * LANE);
	lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi32_si128((int)state));
	for (at += LANES * LANE; end - at >= LANES * LANE; at += LANES * LANE)
#pragma GCC unroll 4
		for (int lane = 0; lane < LANES; lane++)
			lanes[lane] = folded(lanes[lane], by, load(at + lane * LANE));
	by = _mm_set_epi64x((int64_t)BY_LANE[0], (int64_t)BY_LANE[1]);
	for (int lane = 1; lane < LANES; lane++)
		lanes[0] = folded(lanes[0], by, lanes[lane]);
	for (; end - at >= LANE; at += LANE)
		lanes[0] = folded(lanes[0], by, load(at));
	_mm_storeu_si128((__m128i *)last, lanes[0]);
	return by_bytes(by_bytes(0, last, last + LANE), at, end);
}

static bool can_fold(void)
{
	return __builtin_cpu_supports("pclmul");
}

#else

enum { LANE = 16, LANES = 4 };

static uint32_t by_lanes(uint32_t state, const uint8_t *at, const uint8_t *end)
{
	return by_bytes(state, at, end);
}

static bool can_fold(void)
{
	return false;
}

#endif

/* Whether `otx_crc32` is faster here than zlib's. */
OTX_EXPORT int otx_has_crc32(void)
{
	return can_fold();
}

/* The checksum of the bytes from `begin` to `end`, going on from `start`. */
OTX_EXPORT uint32_t otx_crc32(const uint8_t *data, int64_t begin, int64_t end, uint32_t start)
{
	const uint8_t *at = data + begin, *behind = data + end;

	if (end - begin < LANES * LANE || !can_fold())
		return ~by_bytes(~start, at, behind);
	return ~by_lanes(~start, at, behind);
}
