// SPDX-License-Identifier: GPL-2.0-only
/* The program: command line in, exit status out. */
#include <locale.h>

#include "app.h"
#include "options.h"

int main(int argc, char **argv)
{
	static struct options options;

	/* Not LC_NUMERIC: figures have a decimal point everywhere. */
	setlocale(LC_CTYPE, "");
	options__parse(&options, argc, argv);
	return app__run(&options);
}
