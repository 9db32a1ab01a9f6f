/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the truth service's handlers spend time: one function a cause. Fed with
 * microseconds, yields what it took by all clocks. What a disk or a fault
 * takes cannot be chosen: these are repeated until the time has passed.
 */
#ifndef TRUTH_SPEND_H
#define TRUTH_SPEND_H

#include "truth_helper.h"

#define DATA_BYTES (16u << 20)
#define DIRECT_BYTES (1u << 20)
#define JOURNAL_BYTES (1u << 20)
#define PAGE 4096u
#define JUMP_NS 50000u
#define ANON_BYTES (4u << 20)

struct setup {
	const char *directory;	   /* on a disk */
	struct address tcp, unix_; /* upstreams: peer_server */
};

/* What a handling thread needs for it; all made when first needed. */
struct spender {
	const struct setup *setup;
	struct helper *helper;
	int upstream[CAUSES];
	int journal, direct, data; /* files */
	unsigned int seed;
	void *block; /* aligned, DIRECT_BYTES */
};

PEER_FN void spender__init(struct spender *s, const struct setup *setup)
{
	*s = (struct spender){.setup = setup,
			      .journal = -1,
			      .direct = -1,
			      .data = -1,
			      .seed = (unsigned int)now_ns()};
	for (int i = 0; i < CAUSES; i++)
		s->upstream[i] = -1;
}

PEER_FN void file__close(int fd)
{
	if (fd >= 0)
		close(fd);
}

PEER_FN void spender__end(struct spender *s)
{
	helper__free(s->helper);
	for (int i = 0; i < CAUSES; i++)
		file__close(s->upstream[i]);
	file__close(s->journal);
	file__close(s->direct);
	file__close(s->data);
	free(s->block);
	reading__close();
}

/* Opened in the setup's directory, when *fd is not open yet. */
PEER_FN int spender__file(struct spender *s, int *fd, const char *name,
			  int flags)
{
	char path[512];

	if (*fd >= 0)
		return *fd;
	snprintf(path, sizeof(path), "%s/%s", s->setup->directory, name);
	*fd = open(path, flags | O_CLOEXEC, 0600);
	if (*fd < 0)
		die("%s: %m", path);
	return *fd;
}

/* The file that is read: on the disk, and so not in memory once dropped. */
PEER_FN void setup__data(const struct setup *setup)
{
	static char block[1 << 20];
	char path[512];
	int fd;

	memset(block, 'd', sizeof(block));
	snprintf(path, sizeof(path), "%s/data", setup->directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die("%s: %m", path);
	for (size_t done = 0; done < DATA_BYTES; done += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			die("%s: %m", path);
	if (fsync(fd))
		die("%s: %m", path);
	close(fd);
}

PEER_FN off_t spender__offset(struct spender *s, size_t unit)
{
	return (off_t)((size_t)rand_r(&s->seed) % (DATA_BYTES / unit) * unit);
}

/*
 * A few us of work a round. When the thread's CPU clock says that it was more,
 * a virtual machine may have stood still between the moment from which the
 * kernel counts and the one in which the thread went on: returns how much
 * that was, as it is not known to have been spent.
 */
PEER_FN uint64_t spend__cpu(uint64_t us)
{
	uint64_t at = cpu_ns(), end = at + us * 1000, jumps = 0;

	while (at < end) {
		uint64_t before = at;

		for (volatile int i = 0; i < 2000; i++)
			;
		at = cpu_ns();
		if (at - before > JUMP_NS)
			jumps += at - before;
	}
	return jumps;
}

PEER_FN void spend__anon(uint64_t end)
{
	while (now_ns() < end) {
		char *at = mmap(NULL, ANON_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED)
			die("mmap: %m");
		for (size_t i = 0; i < ANON_BYTES && now_ns() < end; i += PAGE)
			at[i] = 1;
		munmap(at, ANON_BYTES);
	}
}

/*
 * nanosleep by its 32-bit number, 162, which is sync() to a 64-bit task. The
 * kernel takes pointers of 32 bits and struct timespec of two 32-bit fields.
 */
PEER_FN void spend__compat(uint64_t us)
{
#ifdef __x86_64__
	int32_t *ts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result;

	if (ts == MAP_FAILED)
		die("mmap: %m");
	ts[0] = (int32_t)(us / 1000000);
	ts[1] = (int32_t)(us % 1000000 * 1000);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(162), "b"(ts), "c"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result)
		die("32-bit nanosleep: %ld", result);
	munmap(ts, PAGE);
#else
	die("no 32-bit calls here, for %llu us", (unsigned long long)us);
#endif
}

PEER_FN void spend__fsync(struct spender *s, uint64_t end)
{
	static const char block[JOURNAL_BYTES];
	int fd = spender__file(s, &s->journal, "journal", O_WRONLY | O_CREAT);

	do
		if (pwrite(fd, block, sizeof(block), spender__offset(s, PAGE)) <
			    0 ||
		    fsync(fd))
			die("fsync: %m");
	while (now_ns() < end);
}

PEER_FN void spend__direct(struct spender *s, uint64_t end)
{
	int fd = spender__file(s, &s->direct, "data", O_RDONLY | O_DIRECT);

	if (!s->block && posix_memalign(&s->block, PAGE, DIRECT_BYTES))
		die("no memory");
	do
		if (pread(fd, s->block, DIRECT_BYTES,
			  spender__offset(s, DIRECT_BYTES)) < 0)
			die("direct: %m");
	while (now_ns() < end);
}

/* The file's pages, none of them in memory, without read-ahead. */
PEER_FN char *spender__map_cold(struct spender *s)
{
	int fd = spender__file(s, &s->data, "data", O_RDONLY);
	char *at = mmap(NULL, DATA_BYTES, PROT_READ, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED || madvise(at, DATA_BYTES, MADV_RANDOM))
		die("mmap: %m");
	if (posix_fadvise(fd, 0, DATA_BYTES, POSIX_FADV_DONTNEED))
		die("fadvise failed");
	return at;
}

PEER_FN void spend__fault(struct spender *s, const volatile char *at,
			  uint64_t end)
{
	do
		(void)at[spender__offset(s, PAGE)];
	while (now_ns() < end);
}

PEER_FN int spender__upstream(struct spender *s, enum cause cause)
{
	const struct address *to =
		cause == CAUSE_TCP ? &s->setup->tcp : &s->setup->unix_;
	int *fd = &s->upstream[cause];
	int one = 1;

	if (*fd >= 0)
		return *fd;
	*fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || connect(*fd, (const struct sockaddr *)&to->sa, to->len))
		die("upstream: %m");
	if (cause == CAUSE_TCP)
		setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return *fd;
}

/* One call; the upstream answers after that time, in whole ms. */
PEER_FN void spend__call(struct spender *s, enum cause cause, uint64_t us)
{
	int fd = spender__upstream(s, cause);
	char text[512];
	size_t len = 0;
	int n = snprintf(text, sizeof(text),
			 "GET /sleep?ms=%llu HTTP/1.1\r\nHost: up\r\n\r\n",
			 (unsigned long long)us / 1000);

	if (write(fd, text, (size_t)n) != n)
		die("upstream: %m");
	do {
		ssize_t got = read(fd, text + len, sizeof(text) - 1 - len);

		if (got <= 0)
			die("upstream: %m");
		len += (size_t)got;
		text[len] = '\0';
	} while (!strstr(text, "\r\n\r\nfine\n"));
}

/* Returns what of its CPU time may not have been spent. */
PEER_FN uint64_t spend__one(struct spender *s, enum cause cause, uint64_t us,
			    const char *cold)
{
	uint64_t end = now_ns() + us * 1000;

	switch (cause) {
	case CAUSE_CPU:
		return spend__cpu(us);
	case CAUSE_ANON:
		spend__anon(end);
		break;
	case CAUSE_SLEEP:
		sleep_us(us);
		break;
	case CAUSE_COMPAT:
		spend__compat(us);
		break;
	case CAUSE_FSYNC:
		spend__fsync(s, end);
		break;
	case CAUSE_DIRECT:
		spend__direct(s, end);
		break;
	case CAUSE_TCP:
	case CAUSE_UNIX:
		spend__call(s, cause, us);
		break;
	case CAUSE_FAULT:
		spend__fault(s, cold, end);
		break;
	default:
		helper__wait(s->helper, cause, us);
	}
	return 0;
}

/* Into the books of the cause, and of what had to be prepared for it. */
PEER_FN void spender__spend(struct spender *s, enum cause cause, uint64_t us,
			    struct spent book[CAUSES])
{
	struct reading from, to;
	char *cold = NULL;

	if (!s->helper)
		s->helper = helper__new();
	from = reading__now();
	if (cause == CAUSE_FAULT) {
		cold = spender__map_cold(s);
		to = reading__now();
		spent__add(&book[CAUSE_PREPARE], &from, &to);
		from = to;
	}
	book[cause].jumps += spend__one(s, cause, us, cold);
	to = reading__now();
	spent__add(&book[cause], &from, &to);
	if (cold) {
		from = to;
		munmap(cold, DATA_BYTES);
		to = reading__now();
		spent__add(&book[CAUSE_PREPARE], &from, &to);
	}
}

#endif
