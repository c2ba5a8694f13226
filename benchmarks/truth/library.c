/* One of the libraries of late.c: -DNAME=late_0 and so on. */
static volatile unsigned long sink;

static __attribute__((noinline)) void inner(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++)
		sink += i * i;
	__asm__ volatile("");
}

void NAME(unsigned long rounds)
{
	inner(rounds);
	sink++;
}
