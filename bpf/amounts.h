/* Samples in proportion to an amount, such as nanoseconds or bytes, whatever pieces it comes in.
 *
 * A piece of a period or more is a sample of its own. Smaller ones add up, and the one at which a
 * random amount is reached is sampled and stands for that amount. So sums are whole, each piece's
 * chance is in proportion to it, and there is at most one sample a period.
 */
#pragma once

struct amounts {
	__u64 small; /* what no sample stands for yet */
	__u64 next;  /* how much of that a sample will stand for; 0: not drawn yet */
};

/* Between one and two periods: evenly spaced samples would keep step with what repeats itself. */
static __u64 draw_amount(__u64 period)
{
	return period + (period * (bpf_get_prandom_u32() & 0xffff) >> 16);
}

/* What a sample of this piece stands for; 0: it is none. */
static __u64 amount_of(struct amounts *amounts, __u64 piece, __u64 period)
{
	__u64 amount;

	if (piece >= period)
		return piece;
	if (!amounts->next)
		amounts->next = draw_amount(period);
	amounts->small += piece;
	if (amounts->small < amounts->next)
		return 0;
	amount = amounts->next;
	amounts->small -= amount;
	amounts->next = draw_amount(period);
	if (amounts->small >= amounts->next) { /* samples were not to be had for a while */
		amount += amounts->small;
		amounts->small = 0;
	}
	return amount;
}
