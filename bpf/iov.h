/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user memory that a socket's message was copied to or from, from the
 * message's iterator after the copy: it stands behind the bytes that moved.
 * Its layout changed between kernels:
 *
 *   5.14  .iter_type: 8cd54c1c8480 "iov_iter: separate direction from flavour"
 *   6.0   ITER_UBUF: fcb14cb1bdac "new iov_iter flavour - ITER_UBUF"
 *   6.4   .iov is .__iov: de4f5fed3f23 "iov_iter: add iter_iovec() helper"
 *   6.7   other numbers: 7d9e44a6ad8a "iov_iter: Renumber ITER_* constants"
 */
#ifndef REQTRACE_BPF_IOV_H
#define REQTRACE_BPF_IOV_H

#include "payload.h"

/* How many segments back the first byte is looked for. */
#define IOV_BACK 16

#pragma clang attribute push(__attribute__((preserve_access_index)),           \
			     apply_to = record)

/* Before 6.4. */
struct iov_iter___named_iov {
	const struct iovec *iov;
};

#pragma clang attribute pop

enum iov_result {
	IOV_FOUND,
	IOV_NOT_USER, /* the kernel's own pages: sendfile, splice */
	IOV_UNKNOWN,  /* too many segments */
};

static __always_inline const struct iovec *iov__next(struct iov_iter *iter)
{
	struct iov_iter___named_iov *old = (void *)iter;

	if (bpf_core_field_exists(iter->__iov))
		return BPF_CORE_READ(iter, __iov);
	return BPF_CORE_READ(old, iov);
}

static __always_inline void iov__segment(struct segments *s, u32 i,
					 const struct iovec *v, u64 skip)
{
	u64 len = v->iov_len - skip;

	s->base[i] = (u64)v->iov_base + skip;
	s->len[i] = len < s->total ? len : s->total;
	s->known = true;
}

/* The segments that end at offset of *next. */
static __noinline enum iov_result iov__walk_back(struct segments *s,
						 const struct iovec *next,
						 u64 offset)
{
	u64 have = offset, skip;
	struct iovec v;

	for (u32 i = 0; i < IOV_BACK && have < s->total; i++) {
		next--;
		if (bpf_probe_read_kernel(&v, sizeof(v), next))
			return IOV_UNKNOWN;
		have += v.iov_len;
	}
	if (have < s->total)
		return IOV_UNKNOWN;
	skip = have - s->total;
	for (u32 i = 0; i < PAYLOAD_SEGMENTS && have > skip; i++) {
		if (bpf_probe_read_kernel(&v, sizeof(v), next + i))
			break;
		iov__segment(s, i, &v, i ? 0 : skip);
		have -= v.iov_len < have ? v.iov_len : have;
		if (!i)
			skip = 0;
	}
	return s->known ? IOV_FOUND : IOV_UNKNOWN;
}

/* msg: address of a struct msghdr whose last s->total bytes moved. */
static __always_inline enum iov_result iov__locate(struct segments *s, u64 msg)
{
	struct iov_iter *iter = &((struct msghdr *)msg)->msg_iter;
	bool has_ubuf = bpf_core_enum_value_exists(enum iter_type, ITER_UBUF);
	u32 type = BPF_CORE_READ(iter, iter_type);
	u64 offset = BPF_CORE_READ(iter, iov_offset);

	if (has_ubuf &&
	    type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		s->base[0] = (u64)BPF_CORE_READ(iter, ubuf) + offset - s->total;
		s->len[0] = s->total;
		s->known = true;
		return IOV_FOUND;
	}
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		return IOV_NOT_USER;
	return iov__walk_back(s, iov__next(iter), offset);
}

#endif
