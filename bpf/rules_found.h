/* Rules that walks found lately, by the address they hold at.
 *
 * Stacks are much alike from one sample to the next, and a sampler's caches are cold: to look for a
 * rule touches five cache lines that are nobody else's, to remember it one.
 *
 * A rule is remembered until the second or so ends in which it was found: then what it was found
 * with is looked at again, and noted as needed. The stretch of a process's mappings is part of the
 * key, and none is used again before the second has ended (REST_NS of otx/profile/unwind/pool.py).
 *
 * Processors write here without a lock. What two of them wrote together is found by none, because an
 * entry holds its key xor its rule.
 */
#pragma once

#define RULES_FOUND 8192 /* a power of two */

struct rule {
	__s32 cfa_offset;
	__s16 bp_offset;
	__u8 cfa;
	__u8 bp;
};

struct found_rule {
	__u64 sealed; /* the key, xor the rule */
	__u64 rule;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULES_FOUND);
	__type(key, __u32);
	__type(value, struct found_rule);
} rules_found SEC(".maps");

static struct found_rule *found_rule_at(__u64 key)
{
	__u32 slot = key >> 32 & (RULES_FOUND - 1);

	return bpf_map_lookup_elem(&rules_found, &slot);
}

/* Whether a rule is remembered for a key; that, into `rule`. */
static int recall_rule(__u64 key, struct rule *rule)
{
	struct found_rule *found = found_rule_at(key);
	__u64 word;

	if (!found)
		return 0;
	word = found->rule;
	if ((found->sealed ^ word) != key)
		return 0;
	*(__u64 *)rule = word;
	return 1;
}

static void remember_rule(__u64 key, const struct rule *rule)
{
	struct found_rule *found = found_rule_at(key);
	__u64 word = *(const __u64 *)rule;

	if (!found)
		return;
	found->sealed = key ^ word;
	found->rule = word;
}
