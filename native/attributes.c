/* Lists of attributes as JSON objects (otx/otlp/attribute_columns.py), each read once and written
 * once.
 *
 * The texts are those of otx/otlp/json_columns.py, byte by byte. What is rare (arrays, maps, bytes,
 * doubles of many digits) or not well-formed is not read here: the caller is told where it stands,
 * makes its text and calls again with it.
 */
#include "wire.h"

enum { NUMBER_ROOM = 32, MOST_DECIMALS = 9 };

/* A JSON text that grows, as far as there is room. */
struct text_out {
	uint8_t *at, *end;
};

struct attribute {
	const uint8_t *key, *value;
	size_t key_size, value_size; /* of the AnyValue's bytes */
};

/* A key and then a value, alone and whole. */
static bool read_attribute(const uint8_t *at, const uint8_t *end, struct attribute *read)
{
	if (at == end || *at++ != KEY_TAG || !(at = read_size(at, end, &read->key_size)))
		return false;
	read->key = at;
	at += read->key_size;
	if (at == end || *at++ != VALUE_TAG || !(at = read_size(at, end, &read->value_size)))
		return false;
	read->value = at;
	return at + read->value_size == end;
}

static bool put(struct text_out *out, const void *data, size_t size)
{
	if ((size_t)(out->end - out->at) < size)
		return false;
	memcpy(out->at, data, size);
	out->at += size;
	return true;
}

static bool put_byte(struct text_out *out, uint8_t byte)
{
	if (out->at == out->end)
		return false;
	*out->at++ = byte;
	return true;
}

static bool needs_escape(uint8_t byte)
{
	return byte < 0x20 || byte == '"' || byte == '\\';
}

/* Whether any of eight bytes does; some words of others say so as well. */
static bool may_need_escape(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101u, high_bits = ones << 7;
	uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';

	return (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
		((backslash - ones) & ~backslash)) & high_bits;
}

/* How many bytes from an offset on stand in a JSON string as they are. */
static size_t plain_from(const uint8_t *text, size_t size, size_t from)
{
	size_t at = from;
	uint64_t word;

	for (; size - at >= 8; at += 8) {
		memcpy(&word, text + at, 8);
		if (may_need_escape(word))
			break;
	}
	while (at < size && !needs_escape(text[at]))
		at++;
	return at - from;
}

static bool put_escaped(struct text_out *out, uint8_t byte)
{
	static const char named[] = "\"\"\\\\\bb\tt\nn\ff\rr", digits[] = "0123456789abcdef";
	uint8_t code[6] = {'\\', 'u', '0', '0', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};

	for (const char *name = named; *name; name += 2) {
		if ((uint8_t)*name == byte) {
			code[1] = (uint8_t)name[1];
			return put(out, code, 2);
		}
	}
	return put(out, code, sizeof code);
}

/* A JSON string of UTF-8 (RFC 8259, section 7). */
static bool put_string(struct text_out *out, const uint8_t *text, size_t size)
{
	size_t at = 0;

	if (!put_byte(out, '"'))
		return false;
	while (at < size) {
		size_t plain = plain_from(text, size, at);

		if (!put(out, text + at, plain))
			return false;
		at += plain;
		if (at < size && !put_escaped(out, text[at++]))
			return false;
	}
	return put_byte(out, '"');
}

/* Digits of a number, written from behind; where they begin. */
static char *digits_before(char *end, uint64_t number)
{
	do
		*--end = (char)('0' + number % 10);
	while (number /= 10);
	return end;
}

static bool put_int(struct text_out *out, uint64_t bits)
{
	char room[NUMBER_ROOM], *end = room + sizeof room, *begin;
	bool is_negative = bits >> 63;

	begin = digits_before(end, is_negative ? 0 - bits : bits);
	if (is_negative)
		*--begin = '-';
	return put(out, begin, (size_t)(end - begin));
}

/* A double of few digits as `12.5`: at most 15 digits that give it back are the shortest that do.
 *
 * Returns 1 where it is written, 0 where it is another, -1 where there is no room.
 */
static int put_double(struct text_out *out, const uint8_t *bits)
{
	char room[NUMBER_ROOM], *end = room + sizeof room, *begin = end;
	double value, scaled, power = 1;
	uint64_t number, whole;
	int decimals = 0;

	memcpy(&value, bits, sizeof value);
	memcpy(&number, bits, sizeof number);
	scaled = value < 0 ? -value : value;
	if (number && !(scaled >= 1e-3 && scaled < 1e6))
		return 0;
	for (;; power *= 10, decimals++) {
		if (decimals > MOST_DECIMALS)
			return 0;
		number = (uint64_t)(scaled * power + 0.5);
		if ((double)number / power == scaled)
			break;
	}
	whole = number;
	if (decimals) {
		uint64_t unit = 1;

		for (int index = 0; index < decimals; index++)
			unit *= 10;
		whole = number / unit;
		begin = digits_before(end, number % unit);
		while (end - begin < decimals)
			*--begin = '0';
	} else {
		*--begin = '0';
	}
	*--begin = '.';
	begin = digits_before(begin, whole);
	if (value < 0)
		*--begin = '-';
	return put(out, begin, (size_t)(end - begin)) ? 1 : -1;
}

/* The JSON of a value; 1, 0 and -1 as above. */
static int put_value(struct text_out *out, const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;
	uint64_t number;
	size_t length;

	if (!size)
		return put(out, "null", 4) ? 1 : -1;
	switch (*at++) {
	case TEXT_TAG:
		if (!(at = read_size(at, end, &length)) || at + length != end || !is_utf8(at, length))
			return 0;
		return put_string(out, at, length) ? 1 : -1;
	case BOOL_TAG:
		if (read_varint(at, end, &number) != end)
			return 0;
		return put(out, number ? "true" : "false", number ? 4 : 5) ? 1 : -1;
	case INT_TAG:
		if (read_varint(at, end, &number) != end)
			return 0;
		return put_int(out, number) ? 1 : -1;
	case DOUBLE_TAG:
		return end - at == 8 ? put_double(out, at) : 0;
	default:
		return 0;
	}
}

/* The JSON member of an attribute; 1, 0 and -1 as above. What is written of a 0 is to be undone. */
static int put_member(struct text_out *out, const uint8_t *at, const uint8_t *end)
{
	struct attribute one;

	if (!read_attribute(at, end, &one) || !is_utf8(one.key, one.key_size))
		return 0;
	if (!put_string(out, one.key, one.key_size) || !put_byte(out, ':'))
		return -1;
	return put_value(out, one.value, one.value_size);
}

/* JSON objects of lists of serialised KeyValue messages.
 *
 * `bounds` say where each of `lists` lists begins in the attributes, whose bytes lie in `data` from
 * `ends` to `ends`, all as Arrow has them; `texts` has the members that are not read here, in their
 * order, and is NULL at first. Writes `out_bounds` and the texts, and the places of attributes that
 * are not read here to `rare`. Returns how many those are, and -1 where `room` is too small.
 */
OTX_EXPORT int64_t otx_attributes(const int32_t *bounds, int64_t lists, const int32_t *ends,
				  const uint8_t *data, const int32_t *text_bounds,
				  const uint8_t *text_data, uint8_t *out, int64_t room,
				  int32_t *out_bounds, int32_t *rare)
{
	struct text_out text = {out, out + room};
	int64_t rare_count = 0;

	out_bounds[0] = 0;
	for (int64_t list = 0; list < lists; list++) {
		if (!put_byte(&text, '{'))
			return -1;
		for (int32_t at = bounds[list]; at < bounds[list + 1]; at++) {
			struct text_out before;
			int done;

			if (at > bounds[list] && !put_byte(&text, ','))
				return -1;
			before = text;
			done = put_member(&text, data + ends[at], data + ends[at + 1]);
			if (done < 0)
				return -1;
			if (done)
				continue;
			text = before;
			if (text_bounds) {
				int32_t begin = text_bounds[rare_count];
				size_t size = (size_t)(text_bounds[rare_count + 1] - begin);

				if (!put(&text, text_data + begin, size))
					return -1;
			}
			rare[rare_count++] = at;
		}
		if (!put_byte(&text, '}'))
			return -1;
		out_bounds[list + 1] = (int32_t)(text.at - out);
	}
	return rare_count;
}
