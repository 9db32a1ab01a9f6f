/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Redis: commands as RESP arrays or inline, replies in RESP2 and RESP3. Fed
 * both sides of one exchange, yields the command's name, how many commands
 * there are (pipelining is ordinary), and how many were answered by errors.
 *
 * A command counts where it begins: one that is cut by the end of a receive
 * counts in that exchange, and its remains at the start of the next do not.
 */
#include <errno.h>

#include "proto/parsers.h"
#include "proto/redis_commands.h"
#include "proto/resp.h"

#define PIPELINE "(pipeline)"

/* No array of arguments is longer: Redis refuses it too. */
#define ARGUMENTS_MAX INT32_MAX

struct command {
	bool counted; /* it has begun, beyond doubt */
	bool named;   /* name is known */
	char name[REDIS_NAME_MAX];
};

struct commands {
	uint64_t count;
	bool named, mixed;
	char name[REDIS_NAME_MAX]; /* of the first that is named */
	const char *stream;	   /* what the connection becomes, or NULL */
	uint64_t stream_at;	   /* index of the command that makes it so */
	enum seen seen;		   /* how the walk ended */
	bool cut_counted;	   /* the command it ended in is counted */
};

struct replies {
	uint64_t pos, whole, errors;
	enum seen seen;
	bool stream_refused;
	char status[PROTO_STATUS_MAX]; /* of the first error */
};

/* Commands after which the connection carries what others publish. */
static const char *command__stream(const char *name)
{
	static const struct {
		const char *name, *stream;
	} streams[] = {
		{"SUBSCRIBE", "pubsub"},  {"PSUBSCRIBE", "pubsub"},
		{"SSUBSCRIBE", "pubsub"}, {"MONITOR", "monitor"},
		{"PSYNC", "replication"}, {"SYNC", "replication"},
	};
	size_t i;

	for (i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		if (name[0] == streams[i].name[0] &&
		    !strcmp(name, streams[i].name))
			return streams[i].stream;
	}
	return NULL;
}

/* "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n" */
static enum seen command__walk_array(const struct view *v, uint64_t *pos,
				     struct command *c)
{
	struct resp_bulk name = {0}, sub = {0}, *bulk, rest;
	uint64_t start = *pos;
	enum seen seen;
	int64_t n, i;

	/* Redis answers whatever begins like this, if with an error. */
	c->counted = start + 1 < v->len && v->data[start + 1] >= '1' &&
		     v->data[start + 1] <= '9';
	seen = resp__number(v, pos, &n);
	if (seen != SEEN_WHOLE)
		return seen;
	if (n > ARGUMENTS_MAX)
		return SEEN_BAD;
	/* "*0" and "*-1" are skipped by Redis without an answer. */
	c->counted = n > 0;
	for (i = 0; i < n && seen == SEEN_WHOLE; i++) {
		bulk = i == 0 ? &name : i == 1 ? &sub : &rest;
		seen = resp__bulk(v, pos, bulk);
	}
	c->named = name.whole &&
		   redis_command__name(name.seen,
				       n == 1 || sub.whole ? &sub.seen : NULL,
				       c->name);
	return seen;
}

/* The next word of an inline command, which *line then begins behind. */
static struct span line__word(struct span *line)
{
	struct span word;

	while (line->len && (*line->data == ' ' || *line->data == '\t')) {
		line->data++;
		line->len--;
	}
	word = (struct span){line->data, 0};
	while (line->len && *line->data != ' ' && *line->data != '\t') {
		line->data++;
		line->len--;
		word.len++;
	}
	return word;
}

/* Text that begins with a known command and is no HTTP request line. */
static bool line__is_command(struct span line)
{
	static const char http[] = "HTTP/";
	struct span word = line__word(&line);
	size_t i;

	if (!redis_command__is_known(word))
		return false;
	for (i = 0; i < line.len; i++) {
		if ((line.data[i] < ' ' && line.data[i] != '\t') ||
		    line.data[i] == 0x7f)
			return false;
	}
	while (line.len)
		word = line__word(&line);
	return word.len < sizeof(http) - 1 ||
	       memcmp(word.data, http, sizeof(http) - 1);
}

/* "GET key\r\n" */
static enum seen command__walk_inline(const struct view *v, uint64_t *pos,
				      struct command *c)
{
	struct span line, name, sub;
	enum seen seen = view__line(v, pos, &line);

	if (seen != SEEN_WHOLE || !line.len)
		return seen;
	if (!line__is_command(line))
		return SEEN_BAD;
	c->counted = true;
	name = line__word(&line);
	sub = line__word(&line);
	c->named = redis_command__name(name, &sub, c->name);
	return SEEN_WHOLE;
}

static void commands__add(struct commands *all, const struct command *c)
{
	const char *stream = c->named ? command__stream(c->name) : NULL;

	if (!c->counted)
		return;
	if (c->named && !all->named)
		memcpy(all->name, c->name, sizeof(all->name));
	else if (c->named && strcmp(all->name, c->name))
		all->mixed = true;
	all->named |= c->named;
	if (stream && !all->stream) {
		all->stream = stream;
		all->stream_at = all->count;
	}
	all->count++;
}

static void commands__walk(struct commands *all, const struct view *v,
			   uint64_t pos)
{
	struct command c;

	do {
		c = (struct command){0};
		if (pos < v->len && v->data[pos] == '*')
			all->seen = command__walk_array(v, &pos, &c);
		else
			all->seen = command__walk_inline(v, &pos, &c);
		commands__add(all, &c);
		all->cut_counted = c.counted;
	} while (all->seen == SEEN_WHOLE && pos < v->total);
}

/* Do these bytes begin with an array of bulk strings, the first of them like
 * the name of a command? */
static bool array__is_command(const struct view *v, uint64_t pos, bool known)
{
	struct resp_bulk name;
	enum seen seen;
	int64_t n;
	size_t i;

	if (pos >= v->len || v->data[pos] != '*' ||
	    resp__number(v, &pos, &n) != SEEN_WHOLE || n < 1 ||
	    n > ARGUMENTS_MAX)
		return false;
	seen = resp__bulk(v, &pos, &name);
	if (seen == SEEN_BAD || !name.seen.len || name.len >= REDIS_NAME_MAX)
		return false;
	if (known)
		return name.whole && redis_command__is_known(name.seen);
	for (i = 0; i < name.seen.len; i++) {
		uint8_t c = name.seen.data[i], lower = c | 0x20;
		bool letter = lower >= 'a' && lower <= 'z';

		if (!letter &&
		    (!i || ((c < '0' || c > '9') && !memchr("._-", c, 3))))
			return false;
	}
	return true;
}

/* "*2\r\n$3\r\nGET": an array whose first string is all letters, as nearly all
 * are. What array__is_command also finds, in fewer steps. */
static bool array__is_plain(const struct view *v)
{
	const uint8_t *s = v->data;
	size_t len, i;

	if (v->len < 8 || s[0] != '*' || s[1] < '1' || s[1] > '9' ||
	    memcmp(s + 2, "\r\n$", 3) || s[5] < '1' || s[5] > '9' ||
	    memcmp(s + 6, "\r\n", 2))
		return false;
	len = s[5] - '0';
	if (v->len < 10 + len || memcmp(s + 8 + len, "\r\n", 2))
		return false;
	for (i = 0; i < len; i++) {
		if ((s[8 + i] | 0x20) < 'a' || (s[8 + i] | 0x20) > 'z')
			return false;
	}
	return true;
}

/* Where the first command begins. An exchange may start with the remains of
 * one that the receive before it has cut: then *resynced. False when there
 * is none. */
static bool redis__find_start(const struct view *v, uint64_t *pos,
			      bool *resynced)
{
	struct span line;
	uint64_t next;

	*resynced = false;
	*pos = 0;
	if (array__is_plain(v))
		return true;
	while (*pos < v->len && v->data[*pos] == '\r' && *pos + 1 < v->len &&
	       v->data[*pos + 1] == '\n')
		*pos += 2;
	if (array__is_command(v, *pos, false))
		return true;
	next = *pos;
	if (view__line(v, &next, &line) == SEEN_WHOLE && line__is_command(line))
		return true;
	*resynced = true;
	for (next = 0; view__line(v, &next, &line) == SEEN_WHOLE;) {
		*pos = next;
		if (array__is_command(v, next, true))
			return true;
	}
	return false;
}

/* The error's first word if it is a code ("WRONGTYPE"), else "ERR": scripts
 * may put anything there. */
static void replies__set_status(struct replies *r, struct span text)
{
	size_t i = 0;

	while (i < text.len && text.data[i] >= 'A' && text.data[i] <= 'Z')
		i++;
	if (!i || i >= sizeof(r->status) || i == text.len ||
	    text.data[i] != ' ') {
		memcpy(r->status, "ERR", sizeof("ERR"));
		return;
	}
	memcpy(r->status, text.data, i);
	r->status[i] = '\0';
}

static void replies__walk(struct replies *r, const struct view *v,
			  const struct commands *all)
{
	struct resp_reply reply;
	bool pushed = false;

	while (r->seen == SEEN_WHOLE && r->pos < v->total) {
		r->seen = resp__reply(v, &r->pos, &reply);
		/* A push (RESP3) answers no command. */
		if (reply.type == '>') {
			pushed = true;
			continue;
		}
		if (reply.error) {
			if (!r->errors++)
				replies__set_status(r, reply.text);
			if (!pushed && r->whole == all->stream_at)
				r->stream_refused = true;
		}
		r->whole += r->seen == SEEN_WHOLE;
	}
}

_Static_assert(REDIS_NAME_MAX <= PROTO_OPERATION_MAX, "names are operations");

static void redis__set_request(struct proto_result *out,
			       const struct commands *all, bool resynced)
{
	strcpy(out->operation, all->mixed ? PIPELINE : all->name);
	out->operations = all->count;
	out->request_partial = all->seen == SEEN_SHORT;
	out->operations_exact =
		!resynced && (all->seen == SEEN_WHOLE ||
			      (all->seen == SEEN_SHORT && all->cut_counted));
}

/* A pipeline longer than what was captured: its replies, if all of them were,
 * count better. The first may be that of a command counted before. */
static void redis__count_replies(struct proto_result *out,
				 const struct replies *r, bool resynced,
				 uint64_t total)
{
	if (out->operations_exact || r->seen != SEEN_WHOLE || r->pos != total ||
	    r->whole < out->operations + resynced)
		return;
	out->operations = r->whole - resynced;
}

static void redis__set_response(struct proto_result *out,
				const struct commands *all,
				const struct replies *r, uint64_t total)
{
	memcpy(out->status, r->status, sizeof(out->status));
	out->errors = r->errors < out->operations ? r->errors : out->operations;
	if (r->seen == SEEN_SHORT)
		out->framing = PROTO_PARTIAL;
	else if (r->seen == SEEN_WHOLE && r->whole >= out->operations &&
		 r->pos == total)
		out->framing = PROTO_WHOLE;
	if (!all->stream || r->stream_refused)
		return;
	out->kind = PROTO_UPGRADE;
	strcpy(out->stream_protocol, all->stream);
}

static int redis__parse(const struct proto_input *in, struct proto_result *out)
{
	struct view request = {in->request, in->request_len, in->request_total};
	struct view response = {in->response, in->response_len,
				in->response_total};
	struct commands all = {0};
	struct replies replies = {0};
	bool resynced;
	uint64_t start;

	if (!redis__find_start(&request, &start, &resynced))
		return -EBADMSG;
	/* Other text protocols know PING and QUIT too; their answers differ. */
	if (request.data[start] != '*' && response.len &&
	    !resp__is_type(response.data[0]))
		return -EBADMSG;
	commands__walk(&all, &request, start);
	if (!all.count)
		return -EBADMSG;
	replies__walk(&replies, &response, &all);
	redis__set_request(out, &all, resynced);
	redis__count_replies(out, &replies, resynced, response.total);
	redis__set_response(out, &all, &replies, response.total);
	return 0;
}

static bool redis__detect(const uint8_t *request, size_t len)
{
	/* Little may have been captured: what an argument announces beyond
	 * these bytes does not matter here. */
	struct view v = {request, len, UINT64_MAX};
	struct span line;
	uint64_t pos = 0;

	if (array__is_command(&v, 0, false))
		return true;
	return view__line(&v, &pos, &line) == SEEN_WHOLE &&
	       line__is_command(line);
}

const struct proto proto_redis = {
	.name = "redis",
	.detect = redis__detect,
	.parse = redis__parse,
};
