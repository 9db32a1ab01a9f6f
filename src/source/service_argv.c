// SPDX-License-Identifier: GPL-2.0-only
/* See service_argv.h: a table of interpreters and what their options take. */
#include "source/service_argv.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Options are lists with a blank around each. */
struct interpreter {
	const char *name;   /* of the executable, before a version */
	const char *called; /* when it runs no file */
	const char *values; /* options whose value is the next argument */
	const char *code;   /* options that bring code, so there is no file */
	const char *module; /* options whose value is what is run */
};

static const struct interpreter interpreters[] = {
	{"python", "python", " -W -X --check-hash-based-pycs ", " -c ", " -m "},
	{"pypy", "pypy", " -W -X ", " -c ", " -m "},
	{"nodejs", "node",
	 " -r --require --import --loader --experimental-loader -C "
	 "--conditions --title ",
	 " -e --eval -p --print -pe ", " "},
	{"node", "node",
	 " -r --require --import --loader --experimental-loader -C "
	 "--conditions --title ",
	 " -e --eval -p --print -pe ", " "},
	{"ruby", "ruby", " -I -r -C -E ", " -e ", " "},
	{"perl", "perl", " -I ", " -e -E ", " "},
	{"php", "php", " -c -d -z -S -t ", " -r ", " -f "},
	{"java", "java",
	 " -cp -classpath --class-path -p --module-path --add-opens "
	 "--add-exports --add-modules --add-reads --upgrade-module-path ",
	 " ", " -jar -m --module "},
	{"dotnet", "dotnet", " --runtimeconfig --depsfile --fx-version ", " ",
	 " "},
	{"bash", "bash", " -o -O --rcfile --init-file ", " -c ", " "},
	{"dash", "sh", " -o ", " -c ", " "},
};

/* Arguments, one after the other. */
struct words {
	const char *at, *end;
};

/* NULL at the end, or where the last one is cut. */
static const char *next(struct words *w)
{
	const char *word = w->at, *end;

	if (!word || word >= w->end)
		return NULL;
	end = memchr(word, 0, w->end - word);
	w->at = end ? end + 1 : NULL;
	return end ? word : NULL;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* python3.11, php8.2, ruby3.1: not php-fpm8.2, which serves any script. */
static const struct interpreter *interpreter_of(const char *exe)
{
	const char *base = base_of(exe);

	for (size_t i = 0; i < sizeof(interpreters) / sizeof(interpreters[0]);
	     i++) {
		size_t len = strlen(interpreters[i].name);

		if (!strncmp(base, interpreters[i].name, len) &&
		    strspn(base + len, "0123456789.") == strlen(base + len))
			return &interpreters[i];
	}
	return NULL;
}

static bool is_in(const char *list, const char *option)
{
	char wanted[64];
	int len = snprintf(wanted, sizeof(wanted), " %s ", option);

	return (size_t)len < sizeof(wanted) && strstr(list, wanted);
}

static void set_name(char *out, const char *text, size_t len)
{
	utf8__clean(text,
		    len > SERVICE_ARGV_NAME_MAX ? SERVICE_ARGV_NAME_MAX : len,
		    out);
}

/* The length of a file's name without its suffix, and that of an archive
 * without its version: "shop-1.2.3.jar". */
static size_t stem(const char *name)
{
	static const char *const suffixes[] = {
		".py", ".pyc", ".js",  ".mjs", ".cjs", ".ts",
		".rb", ".pl",  ".php", ".sh",  ".jar", ".dll",
	};
	const char *dot = strrchr(name, '.');
	size_t len = strlen(name);

	if (!dot || dot == name)
		return len;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcmp(dot, suffixes[i]))
			len = dot - name;
	if (!strcmp(dot, ".jar"))
		for (size_t i = 1; i + 1 < len; i++)
			if (name[i] == '-' &&
			    isdigit((unsigned char)name[i + 1]))
				len = i;
	return len;
}

static size_t identifier(const char *text)
{
	size_t len = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len;
}

/* The length of "module.module", with whole set to nothing but that, or an
 * object of it: "module:app", "module:create()". */
static size_t module_of(const char *text, bool *whole, bool *has_object)
{
	size_t len = identifier(text), more;

	*whole = false;
	*has_object = false;
	if (!len)
		return 0;
	while (text[len] == '.' && (more = identifier(text + len + 1)))
		len += 1 + more;
	*has_object = text[len] == ':' && identifier(text + len + 1);
	*whole = !text[len] || *has_object;
	return len;
}

static bool is_server(const char *name, size_t len)
{
	static const char *const servers[] = {"gunicorn", "uvicorn",
					      "hypercorn", "daphne", "granian"};

	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		if (len == strlen(servers[i]) && !memcmp(name, servers[i], len))
			return true;
	return false;
}

/* "shop.wsgi" is shop: the last words say only that it is an application. */
static size_t telling(const char *module, size_t len)
{
	static const char *const usual[] = {"app",  "main",	   "wsgi",
					    "asgi", "application", "server"};

	for (;;) {
		size_t begin = len;
		bool cut = false;

		while (begin && module[begin - 1] != '.')
			begin--;
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			cut |= len - begin == strlen(usual[i]) &&
			       !memcmp(module + begin, usual[i], len - begin);
		if (!cut)
			return len;
		if (!begin)
			return 0;
		len = begin - 1;
	}
}

/* gunicorn -w 4 shop.wsgi:app: what follows the server's name. A module
 * without an object may as well be the value of an option before it. */
static bool take_served(struct words *w, char *out)
{
	const char *word, *before = "";

	while ((word = next(w))) {
		bool whole, has_object;
		size_t len = module_of(word, &whole, &has_object);

		if (whole && (has_object ||
			      (memchr(word, '.', len) && *before != '-'))) {
			len = telling(word, len);
			if (len)
				set_name(out, word, len);
			return len > 0;
		}
		before = word;
	}
	return false;
}

/* gunicorn: master [shop.wsgi:app], where the arguments were. */
static bool take_title(const char *title, char *out)
{
	const char *colon = strstr(title, ": "), *bracket;
	bool whole, has_object;
	char module[256];
	size_t len;

	if (!colon || colon == title || strchr(title, '/'))
		return false;
	set_name(out, title, colon - title);
	bracket = strchr(colon, '[');
	if (!bracket || !is_server(title, colon - title))
		return true;
	snprintf(module, sizeof(module), "%.*s", (int)strcspn(bracket + 1, "]"),
		 bracket + 1);
	len = module_of(module, &whole, &has_object);
	len = whole ? telling(module, len) : 0;
	if (len)
		set_name(out, module, len);
	return true;
}

/* What an interpreter runs: a file, a module, a class. */
static const char *program_of(const struct interpreter *in, struct words *w)
{
	const char *word;

	while ((word = next(w))) {
		if (is_in(in->module, word))
			return next(w);
		if (is_in(in->code, word))
			return NULL;
		if (is_in(in->values, word))
			next(w);
		else if (*word != '-')
			return word;
	}
	return NULL;
}

/* com.example.shop.ShopApplication is ShopApplication; so is shop/ShopApp. */
static const char *class_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] ? dot + 1 : name;
}

static void take_program(const struct interpreter *in, const char *program,
			 struct words *rest, char *out)
{
	bool is_java = !strcmp(in->name, "java");
	bool is_jar = strlen(program) > 4 &&
		      !strcmp(program + strlen(program) - 4, ".jar");
	const char *name = base_of(program);
	size_t len;

	if (is_java && !is_jar)
		name = class_of(name);
	len = stem(name);
	if (!is_java && is_server(name, len) && take_served(rest, out))
		return;
	set_name(out, name, len);
}

void service_argv__name(const char *exe, const char *argv, size_t len,
			char out[SERVICE_ARGV_NAME_MAX + 1])
{
	const struct interpreter *in = interpreter_of(exe);
	struct words w = {argv, argv + len};
	const char *program;

	out[0] = 0;
	if (!in)
		return;
	program = next(&w);
	if (program && take_title(program, out))
		return;
	program = program_of(in, &w);
	if (program && *program)
		take_program(in, program, &w, out);
	if (!out[0])
		set_name(out, in->called, strlen(in->called));
}
