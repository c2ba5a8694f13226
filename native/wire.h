/* Protobuf's wire format (protobuf.dev, "Encoding"), as far as both readers here need it.
 *
 * What these functions do not take may be legal all the same: whoever calls the library then asks
 * the official parser, so that every doubt is a "no" here.
 */
#ifndef OTX_WIRE_H
#define OTX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { OTX_VERSION = 3 }; /* otx/otlp/native.py knows it; every change of a signature raises it */

#define OTX_EXPORT __attribute__((visibility("default")))

/* KeyValue and AnyValue (common.proto), of which most of a request is made. */
enum { KEY_TAG = 0x0A, VALUE_TAG = 0x12 };
enum { TEXT_TAG = 0x0A, BOOL_TAG = 0x10, INT_TAG = 0x18, DOUBLE_TAG = 0x21 };

/* A varint of up to 64 bits; NULL where it is cut off or too long. */
static inline const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *number)
{
	uint64_t read = 0;

	for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
		uint8_t byte = *at++;

		read |= (uint64_t)(byte & 127) << shift;
		if (byte < 128) {
			*number = read;
			return shift == 63 && byte > 1 ? NULL : at;
		}
	}
	return NULL;
}

/* A tag of one or two bytes, as all of OTLP's fields have; NULL for others. */
static inline const uint8_t *read_tag(const uint8_t *at, const uint8_t *end, unsigned *tag)
{
	unsigned low = *at++;

	if (low < 128) {
		*tag = low;
		return at;
	}
	if (at == end || *at == 0 || *at > 127)
		return NULL;
	*tag = (low & 127) | (unsigned)*at << 7;
	return at + 1;
}

/* The size before a field's content, which lies whole before `end`; NULL where it does not. */
static inline const uint8_t *read_size(const uint8_t *at, const uint8_t *end, size_t *size)
{
	uint64_t read;

	if (at == end)
		return NULL;
	read = *at;
	if (read < 128)
		at++;
	else if (!(at = read_varint(at, end, &read)))
		return NULL;
	if (read > (uint64_t)(end - at))
		return NULL;
	*size = (size_t)read;
	return at;
}

/* Whether bytes are UTF-8 (RFC 3629): no surrogates, nothing overlong, nothing past U+10FFFF. */
static inline bool is_multibyte_utf8(const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		uint8_t first = *at++, low = 0x80, high = 0xBF;
		int more;

		if (first < 0x80)
			continue;
		if (first < 0xC2 || first > 0xF4)
			return false;
		more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
		if (end - at < more)
			return false;
		if (first == 0xE0)
			low = 0xA0;
		else if (first == 0xED)
			high = 0x9F;
		else if (first == 0xF0)
			low = 0x90;
		else if (first == 0xF4)
			high = 0x8F;
		if (*at < low || *at > high)
			return false;
		for (at++; --more; at++)
			if ((*at & 0xC0) != 0x80)
				return false;
	}
	return true;
}

static inline bool is_utf8(const uint8_t *at, size_t size)
{
	const uint64_t high_bits = 0x8080808080808080u;
	uint64_t seen = 0, word;

	if (size >= 8) {
		for (const uint8_t *part = at, *last = at + size - 8; part < last; part += 8) {
			memcpy(&word, part, 8);
			seen |= word;
		}
		memcpy(&word, at + size - 8, 8);
		seen |= word;
	} else {
		for (size_t index = 0; index < size; index++)
			seen |= at[index];
	}
	return !(seen & high_bits) || is_multibyte_utf8(at, at + size);
}

#endif
