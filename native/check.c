/* Whether an export request is beyond any doubt, without building the messages in it.
 *
 * What a message may hold comes as a table that is made of OTLP's own descriptors
 * (otx/otlp/quick_check.py), so that no field number stands here. A "no" says nothing: the request
 * may be wrong, or odd in a way that its sender is told of, or legal and unusual; the official
 * parser decides. A "yes" is a promise: that parser takes it, finds the same number of messages,
 * and nothing in it is odd.
 */
#include "wire.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fixed numbers are read as they lie in memory"
#endif

enum { FIRST_TAG = 8, SLOTS = 32, MESSAGES = 64, MAX_DEPTH = 60, MAX_KEYS = 64 };

enum kind {
	VARINT, FIXED64, FIXED32, TEXT, BYTES, MESSAGE,
	PACKED_VARINT, PACKED_FIXED64, PACKED_FIXED32,
};

/* What is looked at beyond the wire format. */
enum role { NONE, TRACE_ID, SPAN_ID, START, END, TIME, ATTRIBUTES, KEY, RESOURCE };

struct field {
	uint16_t tag;	 /* as it must be; 0 where there is no such field */
	uint16_t kind;
	uint16_t child;	 /* of a message: which one */
	uint16_t once;	 /* a bit that its oneof shares; 0 for a repeated field */
	uint16_t role;
	uint16_t memory; /* what an element takes in the parser's memory */
	uint16_t unused[2];
};

struct request {
	uint64_t counts[MESSAGES];
	uint64_t memory;
	uint64_t fields;
	uint64_t most_memory, most_fields; /* given, as what follows `resource_end` is */
	uint64_t resource_begin, resource_end; /* of the first group; both 0 for none */
	uint64_t last_nano;		       /* the last moment that is none beyond all columns */
	uint64_t odd_from, odd_to;	       /* times that count something longer */
};

struct text {
	const uint8_t *at;
	size_t size;
};

struct look {
	const struct field *table;
	const uint8_t *body;
	struct request *request;
	struct text key; /* of the attribute that was walked last */
};

/* The attribute keys of one record. */
struct keys {
	uint64_t hashes[4];
	unsigned count;
	struct text known[MAX_KEYS];
};

static bool is_new_key(struct keys *keys, struct text key)
{
	uint64_t hash = 0;
	unsigned bit;

	if (keys->count == MAX_KEYS)
		return false;
	memcpy(&hash, key.at + (key.size > 8 ? key.size - 8 : 0), key.size > 8 ? 8 : key.size);
	bit = (unsigned)(((hash ^ key.size) * 0x9E3779B97F4A7C15u) >> 56);
	if (keys->hashes[bit / 64] >> bit % 64 & 1) {
		for (unsigned index = 0; index < keys->count; index++) {
			const struct text *other = &keys->known[index];

			if (other->size == key.size && !memcmp(other->at, key.at, key.size))
				return false;
		}
	}
	keys->hashes[bit / 64] |= (uint64_t)1 << bit % 64;
	keys->known[keys->count++] = key;
	return true;
}

static bool is_id(const uint8_t *at, size_t size, size_t expected)
{
	uint8_t seen = 0;

	if (size != expected)
		return false;
	for (size_t index = 0; index < size; index++)
		seen |= at[index];
	return seen != 0;
}

static bool is_packed(enum kind kind, const uint8_t *at, size_t size)
{
	const uint8_t *end = at + size;
	uint64_t number;

	if (kind != PACKED_VARINT)
		return size % (kind == PACKED_FIXED64 ? 8 : 4) == 0;
	while (at < end)
		if (!(at = read_varint(at, end, &number)))
			return false;
	return true;
}

static bool walk(struct look *look, unsigned message, const uint8_t *at, const uint8_t *end,
		 unsigned depth);

/* What is known of a record, or of another message that is looked at, when its fields are walked. */
struct record {
	uint64_t time[TIME + 1];
	struct text key;
	struct keys keys;
};

static void begin_record(struct record *record, const uint8_t *at)
{
	memset(record->time, 0, sizeof record->time);
	memset(record->keys.hashes, 0, sizeof record->keys.hashes);
	record->keys.count = 0;
	record->key = (struct text){at, 0};
}

static bool is_role_sound(struct look *look, const struct field *field, unsigned message,
			  struct record *record, struct text content)
{
	struct request *request = look->request;

	switch (field->role) {
	case START:
	case END:
	case TIME:
		memcpy(&record->time[field->role], content.at, 8);
		return field->role == TIME || record->time[field->role];
	case KEY:
		record->key = content;
		return true;
	case ATTRIBUTES:
		return is_new_key(&record->keys, look->key);
	case RESOURCE:
		if (request->counts[message] == 1) {
			request->resource_begin = (uint64_t)(content.at - look->body);
			request->resource_end = request->resource_begin + content.size;
		}
		return true;
	default:
		return is_id(content.at, content.size, field->role == TRACE_ID ? 16 : 8);
	}
}

static bool is_record_sound(struct look *look, const struct record *record)
{
	const struct request *request = look->request;
	const uint64_t *time = record->time;

	look->key = record->key;
	if (time[START] > time[END] || time[END] > request->last_nano)
		return false;
	for (unsigned role = START; role <= TIME; role += TIME - START)
		if (time[role] >= request->odd_from && time[role] < request->odd_to)
			return false;
	return true;
}

/* Whether a KeyValue is as nearly all are: a short key, then a short text, a number or a flag. */
static bool is_plain_attribute(struct look *look, struct text attribute)
{
	const uint8_t *at = attribute.at, *end = at + attribute.size, *value;
	size_t key_size, size;
	uint64_t number;

	if (attribute.size < 6 || at[0] != KEY_TAG || at[1] > 127)
		return false;
	key_size = at[1];
	if (attribute.size < key_size + 6)
		return false;
	value = at + key_size + 4;
	size = attribute.size - key_size - 4;
	if (value[-2] != VALUE_TAG || value[-1] != size || size > 127)
		return false;
	look->key = (struct text){at + 2, key_size};
	if (!is_utf8(at + 2, key_size))
		return false;
	switch (value[0]) {
	case TEXT_TAG:
		return value[1] == size - 2 && is_utf8(value + 2, size - 2);
	case BOOL_TAG:
	case INT_TAG:
		return read_varint(value + 1, end, &number) == end;
	default:
		return value[0] == DOUBLE_TAG && size == 9;
	}
}

static bool is_content_sound(struct look *look, const struct field *field, struct text content,
			     unsigned depth)
{
	switch (field->kind) {
	case TEXT:
		return is_utf8(content.at, content.size);
	case BYTES:
		return true;
	case MESSAGE:
		if (field->role == ATTRIBUTES && is_plain_attribute(look, content)) {
			look->request->memory += look->table[field->child * SLOTS + (VALUE_TAG >> 3)].memory;
			look->request->fields += 3;
			return true;
		}
		return walk(look, field->child, content.at, content.at + content.size, depth + 1);
	default:
		return is_packed(field->kind, content.at, content.size);
	}
}

static bool walk(struct look *look, unsigned message, const uint8_t *at, const uint8_t *end,
		 unsigned depth)
{
	const struct field *fields = look->table + message * SLOTS, *field;
	struct request *request = look->request;
	uint64_t memory = 0, count = 0, number;
	struct text content;
	struct record record;
	uint32_t seen = 0;
	unsigned tag;

	request->counts[message]++;
	if (depth > MAX_DEPTH || request->memory > request->most_memory ||
	    request->fields > request->most_fields)
		return false;
	if (fields->role != NONE)
		begin_record(&record, at);
	for (; at < end; at = content.at + content.size) {
		if (!(at = read_tag(at, end, &tag)) || tag < FIRST_TAG || tag >> 3 >= SLOTS)
			return false;
		field = fields + (tag >> 3);
		if (field->tag != tag || seen & field->once)
			return false;
		seen |= field->once;
		memory += field->memory;
		count++;
		content = (struct text){at, 0};
		switch (field->kind) {
		case VARINT:
			if (!(content.at = read_varint(at, end, &number)))
				return false;
			break;
		case FIXED64:
		case FIXED32:
			content.size = field->kind == FIXED64 ? 8 : 4;
			if ((size_t)(end - at) < content.size)
				return false;
			break;
		default:
			if (!(content.at = read_size(at, end, &content.size)) ||
			    !is_content_sound(look, field, content, depth))
				return false;
		}
		if (field->role != NONE && !is_role_sound(look, field, message, &record, content))
			return false;
	}
	request->memory += memory;
	request->fields += count;
	/* Field 0 does not exist: in its place stands what the message must have. */
	return !(fields->once & ~seen) && (fields->role == NONE || is_record_sound(look, &record));
}

OTX_EXPORT int otx_version(void)
{
	return OTX_VERSION;
}

/* Whether a request is sound; what it holds is then in `request`, whose times are given. */
OTX_EXPORT int otx_check(const uint8_t *body, int64_t size, const struct field *table,
			 struct request *request)
{
	struct look look = {.table = table, .body = body, .request = request};

	return walk(&look, 0, body, body + size, 0);
}
