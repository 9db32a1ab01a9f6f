// SPDX-License-Identifier: GPL-2.0-only
/*
 * See kernel_types.h. Owns the types and an index of names.
 *
 * libbpf would do, but start-up waits for it: it copies 5 MB, and passes over
 * 100,000 types for each name that is looked for, together some 20 ms. This
 * passes over them once, in 2 ms. The format is include/uapi/linux/btf.h:
 *
 *   | header | type, type, ... (12 bytes, and what its kind adds) | strings |
 */
#include "source/kernel_types.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACEPOINT "btf_trace_" /* typedef of its function's type */

/* What tracepoints hold while their programs run, instead of preemption being
 * off: Linux 7.0, "tracing: Guard __DECLARE_TRACE() use of __DO_TRACE_CALL()
 * with SRCU-fast". */
#define TRACEPOINT_GUARD "class_srcu_fast_notrace_t"
#define BUCKETS 4096
#define HASHED 16 /* bytes of a name, which tell most of them apart */

/* Of Linux 6.0, newer than the headers that may be used to build. */
#define KIND_ENUM64 19

static struct {
	bool loaded;
	int err; /* of loading */
	char *data;
	size_t size;
	bool mapped;
	const char *strings;
	uint32_t strings_len;
	/* By id. 0 is void; at: from the beginning of data. */
	uint32_t *at, *next;
	uint32_t len, cap;
	uint32_t first[BUCKETS];
} types;

/* --- reading ------------------------------------------------------------ */

static int read_all(int fd)
{
	size_t done = 0;
	ssize_t n = 1;

	types.data = malloc(types.size);
	if (!types.data)
		return -ENOMEM;
	while (done < types.size && n > 0) {
		n = read(fd, types.data + done, types.size - done);
		done += n > 0 ? n : 0;
	}
	if (n < 0)
		return -errno;
	return done == types.size ? 0 : -EIO;
}

/* Linux 6.16 lets the file be mapped; before, it is copied. */
static int open_types(void)
{
	int fd = open(KERNEL_TYPES_PATH, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;
	void *map;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		err = -errno;
		goto out;
	}
	types.size = st.st_size;
	map = mmap(NULL, types.size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd,
		   0);
	types.mapped = map != MAP_FAILED;
	if (types.mapped)
		types.data = map;
	else
		err = read_all(fd);
out:
	close(fd);
	return err;
}

/* Bytes behind the common 12; negative: a kind that is not known. */
static int64_t extra_bytes(const struct btf_type *t)
{
	uint32_t vlen = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case KIND_ENUM64:
		return vlen * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return vlen * 8;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

/* --- the index ---------------------------------------------------------- */

static const struct btf_type *type_of(uint32_t id)
{
	return id && id < types.len
		       ? (const struct btf_type *)(types.data + types.at[id])
		       : NULL;
}

/* The strings end with a zero byte (checked when they are loaded). */
static const char *name_of(const struct btf_type *t)
{
	return t->name_off < types.strings_len ? types.strings + t->name_off
					       : "";
}

static uint32_t bucket(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (int i = 0; i < HASHED && name[i]; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return (h ^ h >> 16) % BUCKETS;
}

/* The name by which a type is looked for; NULL: it is not a hook's. */
static const char *hook_of(const struct btf_type *t)
{
	const char *name = name_of(t);

	if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC)
		return name;
	if (BTF_INFO_KIND(t->info) != BTF_KIND_TYPEDEF)
		return NULL;
	if (!strncmp(name, TRACEPOINT, strlen(TRACEPOINT)))
		return name + strlen(TRACEPOINT);
	if (!strcmp(name, TRACEPOINT_GUARD))
		return name;
	return NULL;
}

static int add(uint32_t at)
{
	uint32_t cap = types.cap ? 2 * types.cap : 1 << 17;
	uint32_t *grown_at, *grown_next;

	if (types.len == types.cap) {
		grown_at = realloc(types.at, cap * sizeof(*grown_at));
		types.at = grown_at ?: types.at;
		grown_next = realloc(types.next, cap * sizeof(*grown_next));
		types.next = grown_next ?: types.next;
		if (!grown_at || !grown_next)
			return -ENOMEM;
		types.cap = cap;
	}
	types.at[types.len++] = at;
	return 0;
}

static int index_types(uint32_t begin, uint32_t end)
{
	int err = add(0); /* void */

	while (!err && begin + sizeof(struct btf_type) <= end) {
		const struct btf_type *t = (void *)(types.data + begin);
		int64_t extra = extra_bytes(t);
		const char *name = hook_of(t);
		uint32_t id = types.len;

		if (extra < 0 || begin + sizeof(*t) + extra > end)
			return -EPROTONOSUPPORT;
		err = add(begin);
		if (!err && name) {
			types.next[id] = types.first[bucket(name)];
			types.first[bucket(name)] = id;
		}
		begin += sizeof(*t) + extra;
	}
	return err;
}

static int load(void)
{
	const struct btf_header *h;
	uint64_t begin, strings;
	int err = open_types();

	if (err)
		return err;
	h = (const struct btf_header *)types.data;
	if (types.size < sizeof(*h) || h->magic != BTF_MAGIC)
		return -EPROTONOSUPPORT;
	begin = (uint64_t)h->hdr_len + h->type_off;
	strings = (uint64_t)h->hdr_len + h->str_off;
	if (begin + h->type_len > types.size || !h->str_len ||
	    strings + h->str_len > types.size ||
	    types.data[strings + h->str_len - 1])
		return -EPROTONOSUPPORT;
	types.strings = types.data + strings;
	types.strings_len = h->str_len;
	return index_types(begin, begin + h->type_len);
}

static void release(void)
{
	if (types.mapped)
		munmap(types.data, types.size);
	else
		free(types.data);
	free(types.at);
	free(types.next);
}

int kernel_types__load(void)
{
	if (types.loaded)
		return types.err;
	types.loaded = true;
	types.err = load();
	return types.err;
}

void kernel_types__free(void)
{
	release();
	memset(&types, 0, sizeof(types));
}

/* --- looking up --------------------------------------------------------- */

static int find(const char *name, uint32_t kind)
{
	int err = kernel_types__load();

	if (err)
		return err;
	for (uint32_t id = types.first[bucket(name)]; id; id = types.next[id]) {
		const struct btf_type *t = type_of(id);

		if (BTF_INFO_KIND(t->info) == kind && !strcmp(hook_of(t), name))
			return id;
	}
	return -ESRCH;
}

int kernel_types__function(const char *name)
{
	return find(name, BTF_KIND_FUNC);
}

int kernel_types__tracepoint(const char *name)
{
	return find(name, BTF_KIND_TYPEDEF);
}

bool kernel_types__preempt_tracepoints(void)
{
	return find(TRACEPOINT_GUARD, BTF_KIND_TYPEDEF) >= 0;
}

/* A type without its names and qualifiers. */
static const struct btf_type *resolve(uint32_t id)
{
	const struct btf_type *t = type_of(id);

	while (t)
		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			t = type_of(t->type);
			break;
		default:
			return t;
		}
	return t;
}

/* A function's type, or that which a tracepoint's typedef points to. */
static const struct btf_type *prototype(int id)
{
	const struct btf_type *t =
		id > 0 && !kernel_types__load() ? resolve(id) : NULL;

	if (t && (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC ||
		  BTF_INFO_KIND(t->info) == BTF_KIND_PTR))
		t = resolve(t->type);
	return t && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC_PROTO ? t : NULL;
}

int kernel_types__params(int id)
{
	const struct btf_type *t = prototype(id);

	return t ? (int)BTF_INFO_VLEN(t->info) : -ESRCH;
}

bool kernel_types__param_is_pointer(int id, int param)
{
	const struct btf_type *t = prototype(id);
	const struct btf_param *params;

	if (!t || param >= (int)BTF_INFO_VLEN(t->info))
		return false;
	params = (const struct btf_param *)(t + 1);
	t = resolve(params[param].type);
	return t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR;
}
