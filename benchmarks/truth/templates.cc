// Instances of templates, told apart by their arguments only.
#include "truth.h"

template <class First, class Second> struct Pair {
	First first;
	Second second;
};

template <class Key, int Weight> struct Mix {
	NOINLINE static void run()
	{
		spin(Weight * 200000ul);
		truth_sink = truth_sink + 1;
	}
};

template <class... Parts> NOINLINE void all()
{
	int number = 0;
	([&] { PART(number, Parts::run()); number++; }(), ...);
}

int main(int, char **words)
{
	truth_open(words[1]);
	truth_ready();
	for (;;)
		all<Mix<int, 5>, Mix<Pair<long, char>, 3>, Mix<Pair<Pair<int, int>, bool>, 2>>();
}
