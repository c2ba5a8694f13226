"""Programs whose stacks are known, to be walked: built without frame pointers."""

C_FLAGS = ("-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread")

DEEP_C = """
#include <stdio.h>
volatile unsigned long sink;
__attribute__((noinline)) unsigned long deep(unsigned n)
{
    volatile char room[16 + 8 * (n & 3)];
    room[0] = n;
    if (!n) { puts("ready"); fflush(stdout); for (;;) sink++; }
    return deep(n - 1) + room[0];
}
int main(void) { return deep(299); }
"""

SIGNAL_C = """
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
volatile unsigned long sink;
static void handler(int number) { puts("ready"); fflush(stdout); for (;;) sink += number; }
__attribute__((noinline)) void interrupted(void) { for (;;) sink++; }
int main(void)
{
    signal(SIGALRM, handler);
    ualarm(1000, 0);
    interrupted();
    return 0;
}
"""

THREAD_C = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
volatile unsigned long sink;
static int compare(const void *a, const void *b)
{
    for (unsigned long i = 0; i < 4000000000; i++) sink += i;
    return *(const int *)a - *(const int *)b;
}
static void *work(void *arg)
{
    int numbers[] = {3, 2, 1};
    puts("ready");
    fflush(stdout);
    for (;;) qsort(numbers, 3, sizeof(int), compare);
    return arg;
}
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    return pthread_join(thread, 0);
}
"""

CLOCK_C = """
#include <stdio.h>
#include <time.h>
__attribute__((noinline)) long look(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_nsec;
}
int main(void)
{
    puts("ready");
    fflush(stdout);
    for (;;) look();
}
"""

SORT_PY = """
def hot():
    for i in range(1000):
        i * i

def key(x):
    hot()
    return x

print("ready", flush=True)
while True:
    sorted(range(20), key=key)
"""

HASH_PY = """
import hashlib
data = bytes(1 << 24)
print("ready", flush=True)
while True:
    hashlib.sha256(data)
"""

SHORT_C = """
#include <stdlib.h>
#include <time.h>
volatile unsigned long sink;
__attribute__((noinline)) void leaf(unsigned long n)
{
    volatile char room[40];
    room[n & 7] = 1;
    for (unsigned long i = 0; i < n; i++) sink += i + room[1];
}
__attribute__((noinline)) void inner(unsigned long n) { leaf(n); sink++; }
int main(int count, char **words)
{
    while (clock() < atoi(words[1]) * (CLOCKS_PER_SEC / 1000)) inner(20000);
    return 0;
}
"""
