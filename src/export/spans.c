/* SPDX-License-Identifier: GPL-2.0-only */
/* See spans.h: owns the queue between the threads, the rate limit and the ids;
 * what a span says is span_make.c's, the calls that wait span_calls.c's. */
#include "export/spans.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/hash.h"
#include "export/exemplars.h"
#include "export/span_calls.h"
#include "export/span_make.h"
#include "export/span_parents.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define LONGEST_WAIT (86400 * NS_PER_SECOND) /* none overflows a clock */
#define MILLION 1e6

#define SAMPLED 0x1
/* trace.proto's SpanFlags. */
#define PARENT_IS_KNOWN 0x100
#define PARENT_IS_REMOTE 0x200

struct spans {
	/* The thread that traces only. */
	struct exemplars *exemplars;
	struct span_calls *calls;
	struct span_parents *parents;
	const char *(*resource)(void *ctx, uint32_t pid);
	void *resource_ctx;
	double rate, burst, tokens; /* spans of slow exchanges */
	uint64_t filled;	    /* monotonic ns: tokens are as of then */
	uint8_t random[256];
	size_t random_left;

	pthread_mutex_t lock; /* of all below; held for a few pointers */
	pthread_cond_t filled_or_closed;
	struct span *head, *tail;
	size_t len, unnamed;
	bool closed;
	struct spans_health health;
};

/* Spans that go into the queue together. */
struct family {
	struct span *head, *tail;
	size_t len, unnamed;
};

static int init_lock(struct spans *s)
{
	pthread_condattr_t attr;
	int err = pthread_condattr_init(&attr);

	if (err)
		return err;
	err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!err)
		err = pthread_cond_init(&s->filled_or_closed, &attr);
	pthread_condattr_destroy(&attr);
	if (err)
		return err;
	err = pthread_mutex_init(&s->lock, NULL);
	if (err)
		pthread_cond_destroy(&s->filled_or_closed);
	return err;
}

struct spans *spans__new(double per_second, struct exemplars *exemplars)
{
	struct spans *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->calls = span_calls__new();
	s->parents = span_parents__new();
	if (!s->calls || !s->parents || init_lock(s)) {
		span_parents__free(s->parents);
		span_calls__free(s->calls);
		free(s);
		return NULL;
	}
	s->exemplars = exemplars;
	s->rate = per_second;
	/* Less than one a second is still one now and then. */
	s->burst = per_second > 0 && per_second < 1 ? 1 : per_second;
	s->tokens = s->burst;
	return s;
}

static void free_list(struct span *list)
{
	struct span *span, *next;

	LL_FOREACH_SAFE(list, span, next)
	span__free(span);
}

void spans__free(struct spans *s)
{
	if (!s)
		return;
	free_list(s->head);
	span_parents__free(s->parents);
	span_calls__free(s->calls);
	pthread_cond_destroy(&s->filled_or_closed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void spans__set_resources(struct spans *s,
			  const char *(*fn)(void *ctx, uint32_t pid), void *ctx)
{
	s->resource = fn;
	s->resource_ctx = ctx;
}

static void count(struct spans *s, uint64_t *figure, uint64_t n)
{
	if (!n)
		return;
	pthread_mutex_lock(&s->lock);
	*figure += n;
	pthread_mutex_unlock(&s->lock);
}

/* --- ids ------------------------------------------------------------------ */

static int refill(struct spans *s)
{
	ssize_t n;

	do
		n = getrandom(s->random, sizeof(s->random), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	s->random_left = (size_t)n;
	return 0;
}

static bool is_zero(const uint8_t *id, size_t len)
{
	while (len)
		if (id[--len])
			return false;
	return true;
}

/* A random id; all zero is none. */
static int new_id(struct spans *s, uint8_t *id, size_t len)
{
	do {
		if (s->random_left < len) {
			int err = refill(s);

			if (err)
				return err;
			continue;
		}
		s->random_left -= len;
		memcpy(id, s->random + s->random_left, len);
	} while (is_zero(id, len));
	return 0;
}

/* --- what is made ------------------------------------------------------------
 */

/* By the requests' own time, so that a recording limits as it did live. */
static bool take_token(struct spans *s, uint64_t now)
{
	if (now > s->filled) {
		s->tokens += (double)(now - s->filled) / (double)NS_PER_SECOND *
			     s->rate;
		if (s->tokens > s->burst)
			s->tokens = s->burst;
		s->filled = now;
	}
	/* What adds up to a millionth less than one is one. */
	if (s->tokens < 1 - 1 / MILLION)
		return false;
	s->tokens -= 1;
	return true;
}

/* Its trace is that of the request, or its own. */
static int place_root(struct spans *s, struct span *span,
		      const struct request *r)
{
	int err = new_id(s, span->span_id, sizeof(span->span_id));

	span->flags = SAMPLED | PARENT_IS_KNOWN;
	if (err)
		return err;
	if (!r->trace.known)
		return new_id(s, span->trace_id, sizeof(span->trace_id));
	memcpy(span->trace_id, r->trace.trace_id, sizeof(span->trace_id));
	memcpy(span->parent_id, r->trace.parent_id, sizeof(span->parent_id));
	span->flags |= r->trace.flags;
	/* What a client sends is of a span of its own process. */
	if (r->role != RT_ROLE_CLIENT)
		span->flags |= PARENT_IS_REMOTE;
	return 0;
}

static int set_resource(const struct spans *s, struct span *span)
{
	const char *id =
		s->resource ? s->resource(s->resource_ctx, span->pid) : NULL;

	span->named = id || !s->resource;
	if (!id)
		return 0;
	span->resource_id = strdup(id);
	return span->resource_id ? 0 : -ENOMEM;
}

/* The call said that it is of another trace than parent is of: the service has
 * instruments of its own. */
static int note_other_trace(struct span *child,
			    const struct span_parent *parent,
			    const struct request_trace *trace)
{
	char text[2 * sizeof(trace->trace_id) + 1];

	if (!trace->known || memcmp(trace->trace_id, parent->trace_id,
				    sizeof(trace->trace_id)) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(trace->trace_id); i++) {
		text[2 * i] = "0123456789abcdef"[trace->trace_id[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[trace->trace_id[i] & 15];
	}
	text[sizeof(text) - 1] = '\0';
	return span__add_text(child, "reqtrace.call.trace_id", text);
}

static int place_child(struct spans *s, struct span *child,
		       const struct span_parent *parent,
		       const struct request_trace *trace)
{
	memcpy(child->trace_id, parent->trace_id, sizeof(child->trace_id));
	memcpy(child->parent_id, parent->span_id, sizeof(child->parent_id));
	child->flags = (parent->flags & 0xff) | PARENT_IS_KNOWN;
	return new_id(s, child->span_id, sizeof(child->span_id)) ?:
		       note_other_trace(child, parent, trace) ?:
		       set_resource(s, child);
}

static void join(struct family *f, struct span *span)
{
	span->next = NULL;
	if (f->tail)
		f->tail->next = span;
	else
		f->head = span;
	f->tail = span;
	f->len++;
	f->unnamed += !span->named;
}

static int add_children(struct spans *s, const struct span_parent *parent,
			const struct span_group *g, uint64_t wall,
			struct span **children)
{
	const struct span_call *call;

	LL_FOREACH(g->calls, call)
	{
		struct span *child = span__make(&call->facts, wall);
		int err;

		if (!child)
			return -ENOMEM;
		LL_PREPEND(*children, child);
		err = place_child(s, child, parent, &call->facts.trace);
		if (err)
			return err;
	}
	return 0;
}

static struct span_parent parent_of(const struct span *span,
				    const struct request *r)
{
	struct span_parent parent = {
		.cookie = r->cookie, .seq = r->seq, .flags = span->flags};

	memcpy(parent.trace_id, span->trace_id, sizeof(parent.trace_id));
	memcpy(parent.span_id, span->span_id, sizeof(parent.span_id));
	return parent;
}

/* Parent and children; spans__take sorts. */
static int make_family(struct spans *s, const struct request *r, uint64_t wall,
		       struct family *out)
{
	const struct span_group *g =
		span_calls__of(s->calls, r->cookie, r->seq);
	struct span *children = NULL, *child, *next;
	struct span_parent as_parent;
	struct span_facts facts;
	struct span *parent;
	int err;

	span_facts__of(r, &facts);
	parent = span__make(&facts, wall);
	if (!parent)
		return -ENOMEM;
	err = place_root(s, parent, r) ?: set_resource(s, parent);
	as_parent = parent_of(parent, r);
	if (!err && g) {
		as_parent.children = g->len;
		err = add_children(s, &as_parent, g, wall, &children);
		if (g->dropped)
			span__add_number(parent, "reqtrace.calls.dropped",
					 g->dropped);
	}
	if (err) {
		free_list(children);
		span__free(parent);
		return err;
	}
	span_parents__add(s->parents, &as_parent);
	join(out, parent);
	LL_FOREACH_SAFE(children, child, next)
	join(out, child);
	return 0;
}

/* --- the queue ------------------------------------------------------------ */

/* The oldest that are too many, as a list. */
static struct span *take_excess(struct spans *s)
{
	struct span *excess = NULL;

	while (s->len > SPANS_QUEUE) {
		struct span *span = s->head;

		s->head = span->next;
		s->len--;
		s->unnamed -= !span->named;
		s->health.dropped++;
		LL_PREPEND(excess, span);
	}
	return excess;
}

static void put(struct spans *s, const struct family *f)
{
	struct span *excess;

	pthread_mutex_lock(&s->lock);
	if (s->head)
		s->tail->next = f->head;
	else
		s->head = f->head;
	s->tail = f->tail;
	s->len += f->len;
	s->unnamed += f->unnamed;
	s->health.made += f->len;
	excess = take_excess(s);
	pthread_cond_signal(&s->filled_or_closed);
	pthread_mutex_unlock(&s->lock);
	free_list(excess);
}

static int make(struct spans *s, const struct request *r, uint64_t wall)
{
	struct metric_exemplar x = {.value = r->end - r->begin,
				    .time = r->end + wall};
	struct family f = {0};
	int err;

	if (r->trace.known && !(r->trace.flags & SAMPLED)) {
		count(s, &s->health.unsampled, 1);
		return 0;
	}
	if (!take_token(s, r->end)) {
		count(s, &s->health.limited, 1);
		return 0;
	}
	err = make_family(s, r, wall, &f);
	if (err)
		return err;
	memcpy(x.trace_id, f.head->trace_id, sizeof(x.trace_id));
	memcpy(x.span_id, f.head->span_id, sizeof(x.span_id));
	put(s, &f);
	return exemplars__add(s->exemplars, r, &x);
}

/* The exchange that made the call has become a span already. */
static int make_late_child(struct spans *s, const struct request *r,
			   struct span_parent *parent, uint64_t wall)
{
	struct family f = {0};
	struct span_facts facts;
	struct span *child;
	int err;

	if (parent->children == SPANS_CHILDREN) {
		count(s, &s->health.calls_dropped, 1);
		return 0;
	}
	span_facts__of(r, &facts);
	child = span__make(&facts, wall);
	if (!child)
		return -ENOMEM;
	err = place_child(s, child, parent, &r->trace);
	if (err) {
		span__free(child);
		return err;
	}
	parent->children++;
	join(&f, child);
	put(s, &f);
	return 0;
}

static int keep_call(struct spans *s, const struct request *r, uint64_t wall)
{
	struct span_parent *parent;

	if (r->trace.known && !(r->trace.flags & SAMPLED))
		return 0;
	parent =
		span_parents__find(s->parents, r->parent_cookie, r->parent_seq);
	if (parent)
		return make_late_child(s, r, parent, wall);
	count(s, &s->health.calls_dropped, span_calls__add(s->calls, r));
	return 0;
}

int spans__request(struct spans *s, const struct request *r, bool slow,
		   uint64_t wall)
{
	int err = 0;

	if (r->is_call)
		return keep_call(s, r, wall);
	if (slow)
		err = make(s, r, wall);
	span_calls__settled(s->calls, r->cookie, r->seq);
	return err;
}

static int by_end(const struct span *a, const struct span *b)
{
	return a->end < b->end ? -1 : a->end > b->end;
}

static struct timespec in_future(uint64_t timeout)
{
	struct timespec t;

	if (timeout > LONGEST_WAIT)
		timeout = LONGEST_WAIT;
	clock_gettime(CLOCK_MONOTONIC, &t);
	timeout += (uint64_t)t.tv_nsec;
	t.tv_sec += (time_t)(timeout / NS_PER_SECOND);
	t.tv_nsec = (long)(timeout % NS_PER_SECOND);
	return t;
}

static struct span *take_first(struct spans *s, size_t max)
{
	struct span *list = s->head, *last = NULL;

	for (; s->head && max; max--) {
		if (!s->head->named && !s->closed)
			break;
		last = s->head;
		s->unnamed -= !last->named;
		s->head = last->next;
		s->len--;
	}
	if (!last)
		return NULL;
	last->next = NULL;
	return list;
}

struct span *spans__take(struct spans *s, size_t max, uint64_t timeout)
{
	const struct timespec until = in_future(timeout);
	struct span *list;
	int err = 0;

	pthread_mutex_lock(&s->lock);
	while (!s->head && !s->closed && !err)
		err = pthread_cond_timedwait(&s->filled_or_closed, &s->lock,
					     &until);
	list = take_first(s, max);
	pthread_mutex_unlock(&s->lock);
	LL_SORT(list, by_end);
	return list;
}

int spans__name(struct spans *s)
{
	struct span *span;
	int err = 0;

	pthread_mutex_lock(&s->lock);
	for (span = s->unnamed ? s->head : NULL; span && !err;
	     span = span->next) {
		if (span->named)
			continue;
		err = set_resource(s, span);
		span->named = true;
		s->unnamed--;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

void spans__waiting(struct spans *s, size_t *len, size_t *unnamed)
{
	pthread_mutex_lock(&s->lock);
	*len = s->len;
	*unnamed = s->unnamed;
	pthread_mutex_unlock(&s->lock);
}

void spans__close(struct spans *s)
{
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	pthread_cond_broadcast(&s->filled_or_closed);
	pthread_mutex_unlock(&s->lock);
}

void spans__health(struct spans *s, struct spans_health *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->health;
	pthread_mutex_unlock(&s->lock);
}
