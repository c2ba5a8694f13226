/* The blocks of an index's keys, in as few bytes as they need (otx/store/index_blocks.py). */
#include "wire.h"

enum { PAGE_ENTRIES = 128, FEW = 7, SOME = 64, MANY = 255 };

/* What the code of a key leaves open; how many bytes that is. */
static size_t pack(uint64_t blocks, uint8_t *code, uint8_t *open)
{
	int count = __builtin_popcountll(blocks);
	size_t size = 0;

	if (count == 1) {
		*code = (uint8_t)__builtin_ctzll(blocks);
		return 0;
	}
	if (count > FEW) {
		*code = MANY;
		memcpy(open, &blocks, sizeof(blocks));
		return sizeof(blocks);
	}
	*code = (uint8_t)(SOME + count);
	for (; blocks; blocks &= blocks - 1)
		open[size++] = (uint8_t)__builtin_ctzll(blocks);
	return size;
}

/* Pack the blocks of `count` keys page by page; how many bytes that takes, 9 a key at most.
 *
 * `ends` are where the pages end in `packed`.
 */
OTX_EXPORT int64_t otx_packed_blocks(const uint64_t *blocks, int64_t count, uint8_t *packed,
				     uint32_t *ends)
{
	uint8_t *at = packed;

	for (int64_t first = 0; first < count; first += PAGE_ENTRIES) {
		int64_t keys = count - first < PAGE_ENTRIES ? count - first : PAGE_ENTRIES;
		uint8_t *codes = at;

		at += keys;
		for (int64_t key = 0; key < keys; key++)
			at += pack(blocks[first + key], &codes[key], at);
		*ends++ = (uint32_t)(at - packed);
	}
	return at - packed;
}
