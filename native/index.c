/* What the indexes of a segment hold (otx/store/index_entries.py): keys, each with the blocks of rows
 * that may have it.
 *
 * Texts give entries in any order, a key perhaps several times; sorting makes each key one entry.
 */
#include "wire.h"

enum { KNOWN = 1 << 13, HALF_ID = 16, DIGITS = 256 };

struct entry {
	uint64_t key, blocks;
};

/* Entries that grow, as far as there is room. */
struct entries {
	struct entry *first;
	int64_t count, room;
	uint32_t known[KNOWN]; /* by the end of a key: where one that has it stood last, plus 1 */
};

static uint64_t word_at(const uint8_t *at, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, at, size);
	return word;
}

/* `pair_key` of index_entries.py, to the bit. */
static uint32_t hash_of(const uint8_t *text, size_t size)
{
	const uint64_t factor = 0x9E3779B97F4A7C15u;
	uint64_t hash = size * factor, last = size < 8 ? word_at(text, size) : word_at(text + size - 8, 8);

	for (; size > 8; text += 8, size -= 8) {
		hash = (hash ^ word_at(text, 8)) * factor;
		hash ^= hash >> 32;
	}
	hash = (hash ^ last) * factor;
	return (uint32_t)(hash ^ hash >> 32);
}

static bool add(struct entries *entries, uint64_t key, uint64_t blocks)
{
	uint32_t *known = &entries->known[key % KNOWN];

	if (*known && entries->first[*known - 1].key == key) {
		entries->first[*known - 1].blocks |= blocks;
		return true;
	}
	if (entries->count == entries->room)
		return false;
	entries->first[entries->count++] = (struct entry){key, blocks};
	*known = (uint32_t)entries->count;
	return true;
}

/* Entries of the pieces between each `,"` of a text. */
static bool add_pieces(struct entries *entries, const uint8_t *at, const uint8_t *end,
		       uint64_t blocks)
{
	const uint8_t *piece = at;

	while (at && at < end) {
		at = memchr(at, ',', (size_t)(end - at));
		if (!at || at + 1 >= end || at[1] != '"') {
			at = at ? at + 1 : NULL;
			continue;
		}
		if (at > piece && !add(entries, hash_of(piece, (size_t)(at - piece)), blocks))
			return false;
		piece = at += 2;
	}
	return piece == end || add(entries, hash_of(piece, (size_t)(end - piece)), blocks);
}

static int digit_of(uint8_t letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* The number that a half of a trace id is; false where it is none. */
static bool read_half(const uint8_t *at, uint64_t *number)
{
	*number = 0;
	for (int index = 0; index < HALF_ID; index++) {
		int digit = digit_of(at[index]);

		if (digit < 0)
			return false;
		*number = *number << 4 | (uint64_t)digit;
	}
	return true;
}

static bool add_trace(struct entries *entries, const uint8_t *id, size_t size, uint64_t blocks)
{
	uint64_t first, second;

	if (size != 2 * HALF_ID || !read_half(id, &first) || !read_half(id + HALF_ID, &second))
		return true;
	return add(entries, first ? first : second, blocks);
}

/* Add the entries of texts to those that are there.
 *
 * `bounds` say where each text begins in `data`, as Arrow has them, and `blocks` in which it is, a
 * bit for each. Texts are trace ids, or JSON objects of attributes. Returns how many entries there
 * are then, at most `room`, and -1 where that is too few; those before `count` stay as they were.
 */
OTX_EXPORT int64_t otx_index_entries(const int32_t *bounds, int64_t texts, const uint8_t *data,
				     const uint64_t *blocks, int are_traces, struct entry *first,
				     int64_t count, int64_t room)
{
	struct entries entries = {.first = first, .count = count, .room = room};

	for (int64_t index = 0; index < texts; index++) {
		const uint8_t *at = data + bounds[index];
		size_t size = (size_t)(bounds[index + 1] - bounds[index]);
		bool done = true;

		if (are_traces)
			done = add_trace(&entries, at, size, blocks[index]);
		else if (size > 3) /* without the `{"` and the `}` */
			done = add_pieces(&entries, at + 2, at + size - 1, blocks[index]);
		if (!done)
			return -1;
	}
	return entries.count;
}

/* Put entries in order by one byte of their keys. */
static void sort_by_byte(const struct entry *from, struct entry *to, int64_t count, int shift)
{
	int64_t places[DIGITS] = {0}, place = 0;

	for (int64_t index = 0; index < count; index++)
		places[from[index].key >> shift & 255]++;
	for (int digit = 0; digit < DIGITS; digit++) {
		int64_t own = places[digit];

		places[digit] = place;
		place += own;
	}
	for (int64_t index = 0; index < count; index++)
		to[places[from[index].key >> shift & 255]++] = from[index];
}

/* Put entries in order, each key once; how many those are.
 *
 * Sorts byte by byte, from the last one on, between the entries and as much room `beside`; an even
 * number of times, so that they end where they began. `keys` take 4 or 8 bytes each.
 */
OTX_EXPORT int64_t otx_sorted_entries(struct entry *entries, int64_t count, struct entry *beside,
				      int key_bytes, void *keys, uint64_t *blocks)
{
	uint32_t *narrow = keys;
	uint64_t *wide = keys;
	int64_t distinct = 0;

	for (int shift = 0; shift < 8 * key_bytes; shift += 16) {
		sort_by_byte(entries, beside, count, shift);
		sort_by_byte(beside, entries, count, shift + 8);
	}
	for (int64_t index = 0; index < count; index++) {
		if (index && entries[index].key == entries[index - 1].key) {
			blocks[distinct - 1] |= entries[index].blocks;
			continue;
		}
		if (key_bytes == 4)
			narrow[distinct] = (uint32_t)entries[index].key;
		else
			wide[distinct] = entries[index].key;
		blocks[distinct++] = entries[index].blocks;
	}
	return distinct;
}
