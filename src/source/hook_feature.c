// SPDX-License-Identifier: GPL-2.0-only
/*
 * See hook_feature.h. Each feature is a piece of a program that the verifier
 * takes wherever it stands: what it says is then about the feature. Pieces
 * find the socket of inet_sock_set_state in R6.
 */
#include "source/hook_feature.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "source/kernel_types.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))
#define PIECE_LEN 10
#define PROGRAM_LEN 128
#define MAPS_MAX 8

/* The tracepoint whose programs get a socket, and run in a process, too. */
#define TRACEPOINT "inet_sock_set_state"

#define INSN(c, d, s, o, i)                                                    \
	{                                                                      \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o),       \
		.imm = (i)                                                     \
	}
#define SET(reg, number) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, number)
#define ADD(reg, number) INSN(BPF_ALU64 | BPF_ADD | BPF_K, reg, 0, 0, number)
#define COPY(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define READ(to, from) INSN(BPF_LDX | BPF_MEM | BPF_DW, to, from, 0, 0)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##helper)
#define CALL_KERNEL(id)                                                        \
	INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, id)
#define SKIP_IF_ZERO(reg, count)                                               \
	INSN(BPF_JMP | BPF_JEQ | BPF_K, reg, 0, count, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* Two places: the number has 64 bits. Patched to be the piece's map. */
#define MAP(reg)                                                               \
	INSN(BPF_LD | BPF_IMM | BPF_DW, reg, BPF_PSEUDO_MAP_FD, 0, 0),         \
		INSN(0, 0, 0, 0, 0)

static const struct piece {
	const char *name;
	int map; /* type, 0: none */
	struct bpf_insn code[PIECE_LEN];
	size_t len;
} pieces[] = {
	{"map/ringbuf",
	 BPF_MAP_TYPE_RINGBUF,
	 {MAP(BPF_REG_1), SET(BPF_REG_2, 8), SET(BPF_REG_3, 0),
	  CALL(ringbuf_reserve), SKIP_IF_ZERO(BPF_REG_0, 3),
	  COPY(BPF_REG_1, BPF_REG_0), SET(BPF_REG_2, 0), CALL(ringbuf_discard)},
	 9},
	{"helper/bpf_sk_storage_get",
	 BPF_MAP_TYPE_SK_STORAGE,
	 {MAP(BPF_REG_1), COPY(BPF_REG_2, BPF_REG_6), SET(BPF_REG_3, 0),
	  SET(BPF_REG_4, 0), CALL(sk_storage_get)},
	 6},
	{"helper/bpf_task_storage_get",
	 BPF_MAP_TYPE_TASK_STORAGE,
	 {CALL(get_current_task_btf), MAP(BPF_REG_1),
	  COPY(BPF_REG_2, BPF_REG_0), SET(BPF_REG_3, 0), SET(BPF_REG_4, 0),
	  CALL(task_storage_get)},
	 7},
	{"helper/bpf_get_socket_cookie",
	 0,
	 {COPY(BPF_REG_1, BPF_REG_6), CALL(get_socket_cookie)},
	 2},
	{"helper/bpf_probe_read_kernel",
	 0,
	 {COPY(BPF_REG_1, BPF_REG_10), ADD(BPF_REG_1, -8), SET(BPF_REG_2, 8),
	  SET(BPF_REG_3, 0), CALL(probe_read_kernel)},
	 5},
	{"helper/bpf_task_pt_regs",
	 0,
	 {CALL(get_current_task_btf), COPY(BPF_REG_1, BPF_REG_0),
	  CALL(task_pt_regs)},
	 3},
};

/* A program that grows; err sticks. */
struct program {
	struct bpf_insn code[PROGRAM_LEN];
	size_t len;
	int maps[MAPS_MAX];
	size_t maps_len;
	int err;
};

bool hook_feature__is(const char *name)
{
	return !strncmp(name, "map/", 4) || !strncmp(name, "helper/", 7) ||
	       !strncmp(name, "kfunc/", 6);
}

static void program__add(struct program *p, const struct bpf_insn *code,
			 size_t len)
{
	if (p->len + len > PROGRAM_LEN) {
		p->err = p->err ?: -E2BIG;
		return;
	}
	memcpy(p->code + p->len, code, len * sizeof(*code));
	p->len += len;
}

/* Storage of sockets and tasks is made with the types of key and value. */
static int storage__map(int type)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_NO_PREALLOC);
	struct btf *btf = btf__new_empty();
	int fd = -ENOMEM;

	if (!btf)
		return fd;
	fd = btf__add_int(btf, "int", sizeof(uint32_t), BTF_INT_SIGNED);
	if (fd > 0) {
		opts.btf_key_type_id = opts.btf_value_type_id = fd;
		fd = btf__load_into_kernel(btf);
	}
	if (!fd) {
		opts.btf_fd = btf__fd(btf);
		fd = bpf_map_create(type, "rt_try", sizeof(uint32_t),
				    sizeof(uint32_t), 0, &opts);
	}
	btf__free(btf);
	return fd;
}

int hook_feature__map(int type)
{
	int page = sysconf(_SC_PAGESIZE);

	switch (type) {
	case BPF_MAP_TYPE_RINGBUF:
		return bpf_map_create(type, "rt_try", 0, 0, page, NULL);
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
		return storage__map(type);
	default:
		return bpf_map_create(type, "rt_try", sizeof(uint32_t),
				      sizeof(uint32_t), 1, NULL);
	}
}

static void program__piece(struct program *p, const struct piece *piece)
{
	size_t begin = p->len;
	int fd;

	program__add(p, piece->code, piece->len);
	if (!piece->map || p->err)
		return;
	fd = p->maps_len < MAPS_MAX ? hook_feature__map(piece->map) : -E2BIG;
	if (fd < 0) {
		p->err = fd;
		return;
	}
	p->maps[p->maps_len++] = fd;
	for (size_t i = begin; i < p->len; i++)
		if (p->code[i].src_reg == BPF_PSEUDO_MAP_FD &&
		    p->code[i].code == (BPF_LD | BPF_IMM | BPF_DW))
			p->code[i].imm = fd;
}

/* What it acquires must be released, or the verifier refuses it. */
static void program__task_from_pid(struct program *p)
{
	int get = kernel_types__function("bpf_task_from_pid");
	int put = kernel_types__function("bpf_task_release");
	const struct bpf_insn code[] = {
		SET(BPF_REG_1, 1),	    CALL_KERNEL(get),
		SKIP_IF_ZERO(BPF_REG_0, 2), COPY(BPF_REG_1, BPF_REG_0),
		CALL_KERNEL(put),
	};

	if (get < 0 || put < 0)
		p->err = p->err ?: -ESRCH;
	else
		program__add(p, code, LEN(code));
}

static void program__feature(struct program *p, const char *name)
{
	if (!strcmp(name, "kfunc/bpf_task_from_pid")) {
		program__task_from_pid(p);
		return;
	}
	for (size_t i = 0; i < LEN(pieces); i++)
		if (!strcmp(pieces[i].name, name)) {
			program__piece(p, &pieces[i]);
			return;
		}
	p->err = p->err ?: -ENOENT;
}

int hook_feature__load(const char *const *names, size_t len)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = BPF_TRACE_RAW_TP);
	static const struct bpf_insn first = READ(BPF_REG_6, BPF_REG_1);
	static const struct bpf_insn last[] = {SET(BPF_REG_0, 0), EXIT};
	int id = kernel_types__tracepoint(TRACEPOINT), fd;
	struct program p = {.err = id < 0 ? id : 0};

	program__add(&p, &first, 1);
	for (size_t i = 0; i < len; i++)
		program__feature(&p, names[i]);
	program__add(&p, last, LEN(last));
	if (!p.err) {
		opts.attach_btf_id = id;
		fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "rt_try", "GPL",
				   p.code, p.len, &opts);
		p.err = fd < 0 ? fd : 0;
		if (fd >= 0)
			close(fd);
	}
	for (size_t i = 0; i < p.maps_len; i++)
		close(p.maps[i]);
	return p.err;
}
