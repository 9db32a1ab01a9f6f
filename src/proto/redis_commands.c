/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of Redis commands: core of Redis 7 with container commands and
 * their subcommands, Sentinel. Fed the first words of a command, yields the
 * name that reports show; every other word is kept out of them.
 */
#include "proto/redis_commands.h"

#include <endian.h>

#define OTHER "(other)"

/* Names of module commands are passed up to here ("TDIGEST.CREATE"). */
#define MODULE_NAME_MAX 24

/* Sorted by strcmp; a container is directly followed by its subcommands. */
/* clang-format off */
static const char commands[][REDIS_NAME_MAX] = {
	"ACL", "ACL CAT", "ACL DELUSER", "ACL DRYRUN", "ACL GENPASS",
	"ACL GETUSER", "ACL HELP", "ACL LIST", "ACL LOAD", "ACL LOG",
	"ACL SAVE", "ACL SETUSER", "ACL USERS", "ACL WHOAMI", "APPEND",
	"ASKING", "AUTH", "BGREWRITEAOF", "BGSAVE", "BITCOUNT", "BITFIELD",
	"BITFIELD_RO", "BITOP", "BITPOS", "BLMOVE", "BLMPOP", "BLPOP", "BRPOP",
	"BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "CLIENT",
	"CLIENT CACHING", "CLIENT GETNAME", "CLIENT GETREDIR", "CLIENT HELP",
	"CLIENT ID", "CLIENT INFO", "CLIENT KILL", "CLIENT LIST",
	"CLIENT NO-EVICT", "CLIENT NO-TOUCH", "CLIENT PAUSE", "CLIENT REPLY",
	"CLIENT SETINFO", "CLIENT SETNAME", "CLIENT TRACKING",
	"CLIENT TRACKINGINFO", "CLIENT UNBLOCK", "CLIENT UNPAUSE", "CLUSTER",
	"CLUSTER ADDSLOTS", "CLUSTER ADDSLOTSRANGE", "CLUSTER BUMPEPOCH",
	"CLUSTER COUNT-FAILURE-REPORTS", "CLUSTER COUNTKEYSINSLOT",
	"CLUSTER DELSLOTS", "CLUSTER DELSLOTSRANGE", "CLUSTER FAILOVER",
	"CLUSTER FLUSHSLOTS", "CLUSTER FORGET", "CLUSTER GETKEYSINSLOT",
	"CLUSTER HELP", "CLUSTER INFO", "CLUSTER KEYSLOT", "CLUSTER LINKS",
	"CLUSTER MEET", "CLUSTER MYID", "CLUSTER MYSHARDID", "CLUSTER NODES",
	"CLUSTER REPLICAS", "CLUSTER REPLICATE", "CLUSTER RESET",
	"CLUSTER SAVECONFIG", "CLUSTER SET-CONFIG-EPOCH", "CLUSTER SETSLOT",
	"CLUSTER SHARDS", "CLUSTER SLAVES", "CLUSTER SLOTS", "COMMAND",
	"COMMAND COUNT", "COMMAND DOCS", "COMMAND GETKEYS",
	"COMMAND GETKEYSANDFLAGS", "COMMAND HELP", "COMMAND INFO",
	"COMMAND LIST", "CONFIG", "CONFIG GET", "CONFIG HELP",
	"CONFIG RESETSTAT", "CONFIG REWRITE", "CONFIG SET", "COPY", "DBSIZE",
	"DEBUG", "DEBUG CHANGE-REPL-ID", "DEBUG DIGEST", "DEBUG HELP",
	"DEBUG JMAP", "DEBUG LOADAOF", "DEBUG OBJECT", "DEBUG POPULATE",
	"DEBUG RELOAD", "DEBUG SET-ACTIVE-EXPIRE", "DEBUG SLEEP", "DECR",
	"DECRBY", "DEL", "DISCARD", "DUMP", "ECHO", "EVAL", "EVALSHA",
	"EVALSHA_RO", "EVAL_RO", "EXEC", "EXISTS", "EXPIRE", "EXPIREAT",
	"EXPIRETIME", "FAILOVER", "FCALL", "FCALL_RO", "FLUSHALL", "FLUSHDB",
	"FUNCTION", "FUNCTION DELETE", "FUNCTION DUMP", "FUNCTION FLUSH",
	"FUNCTION HELP", "FUNCTION KILL", "FUNCTION LIST", "FUNCTION LOAD",
	"FUNCTION RESTORE", "FUNCTION STATS", "GEOADD", "GEODIST", "GEOHASH",
	"GEOPOS", "GEORADIUS", "GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO",
	"GEORADIUS_RO", "GEOSEARCH", "GEOSEARCHSTORE", "GET", "GETBIT",
	"GETDEL", "GETEX", "GETRANGE", "GETSET", "HDEL", "HELLO", "HEXISTS",
	"HEXPIRE", "HEXPIREAT", "HEXPIRETIME", "HGET", "HGETALL", "HGETDEL",
	"HGETEX", "HINCRBY", "HINCRBYFLOAT", "HKEYS", "HLEN", "HMGET", "HMSET",
	"HPERSIST", "HPEXPIRE", "HPEXPIREAT", "HPEXPIRETIME", "HPTTL",
	"HRANDFIELD", "HSCAN", "HSET", "HSETEX", "HSETNX", "HSTRLEN", "HTTL",
	"HVALS", "INCR", "INCRBY", "INCRBYFLOAT", "INFO", "KEYS", "LASTSAVE",
	"LATENCY", "LATENCY DOCTOR", "LATENCY GRAPH", "LATENCY HELP",
	"LATENCY HISTOGRAM", "LATENCY HISTORY", "LATENCY LATEST",
	"LATENCY RESET", "LCS", "LINDEX", "LINSERT", "LLEN", "LMOVE", "LMPOP",
	"LOLWUT", "LPOP", "LPOS", "LPUSH", "LPUSHX", "LRANGE", "LREM", "LSET",
	"LTRIM", "MEMORY", "MEMORY DOCTOR", "MEMORY HELP",
	"MEMORY MALLOC-STATS", "MEMORY PURGE", "MEMORY STATS", "MEMORY USAGE",
	"MGET", "MIGRATE", "MODULE", "MODULE HELP", "MODULE LIST",
	"MODULE LOAD", "MODULE LOADEX", "MODULE UNLOAD", "MONITOR", "MOVE",
	"MSET", "MSETNX", "MULTI", "OBJECT", "OBJECT ENCODING", "OBJECT FREQ",
	"OBJECT HELP", "OBJECT IDLETIME", "OBJECT REFCOUNT", "PERSIST",
	"PEXPIRE", "PEXPIREAT", "PEXPIRETIME", "PFADD", "PFCOUNT", "PFDEBUG",
	"PFMERGE", "PFSELFTEST", "PING", "PSETEX", "PSUBSCRIBE", "PSYNC",
	"PTTL", "PUBLISH", "PUBSUB", "PUBSUB CHANNELS", "PUBSUB HELP",
	"PUBSUB NUMPAT", "PUBSUB NUMSUB", "PUBSUB SHARDCHANNELS",
	"PUBSUB SHARDNUMSUB", "PUNSUBSCRIBE", "QUIT", "RANDOMKEY", "READONLY",
	"READWRITE", "RENAME", "RENAMENX", "REPLCONF", "REPLICAOF", "RESET",
	"RESTORE", "RESTORE-ASKING", "ROLE", "RPOP", "RPOPLPUSH", "RPUSH",
	"RPUSHX", "SADD", "SAVE", "SCAN", "SCARD", "SCRIPT", "SCRIPT DEBUG",
	"SCRIPT EXISTS", "SCRIPT FLUSH", "SCRIPT HELP", "SCRIPT KILL",
	"SCRIPT LOAD", "SDIFF", "SDIFFSTORE", "SELECT", "SENTINEL",
	"SENTINEL CKQUORUM", "SENTINEL CONFIG", "SENTINEL DEBUG",
	"SENTINEL FAILOVER", "SENTINEL FLUSHCONFIG",
	"SENTINEL GET-MASTER-ADDR-BY-NAME", "SENTINEL HELP",
	"SENTINEL INFO-CACHE", "SENTINEL IS-MASTER-DOWN-BY-ADDR",
	"SENTINEL MASTER", "SENTINEL MASTERS", "SENTINEL MONITOR",
	"SENTINEL MYID", "SENTINEL PENDING-SCRIPTS", "SENTINEL REMOVE",
	"SENTINEL REPLICAS", "SENTINEL RESET", "SENTINEL SENTINELS",
	"SENTINEL SET", "SENTINEL SIMULATE-FAILURE", "SENTINEL SLAVES", "SET",
	"SETBIT", "SETEX", "SETNX", "SETRANGE", "SHUTDOWN", "SINTER",
	"SINTERCARD", "SINTERSTORE", "SISMEMBER", "SLAVEOF", "SLOWLOG",
	"SLOWLOG GET", "SLOWLOG HELP", "SLOWLOG LEN", "SLOWLOG RESET",
	"SMEMBERS", "SMISMEMBER", "SMOVE", "SORT", "SORT_RO", "SPOP",
	"SPUBLISH", "SRANDMEMBER", "SREM", "SSCAN", "SSUBSCRIBE", "STRLEN",
	"SUBSCRIBE", "SUBSTR", "SUNION", "SUNIONSTORE", "SUNSUBSCRIBE",
	"SWAPDB", "SYNC", "TIME", "TOUCH", "TTL", "TYPE", "UNLINK",
	"UNSUBSCRIBE", "UNWATCH", "WAIT", "WAITAOF", "WATCH", "XACK", "XADD",
	"XAUTOCLAIM", "XCLAIM", "XDEL", "XGROUP", "XGROUP CREATE",
	"XGROUP CREATECONSUMER", "XGROUP DELCONSUMER", "XGROUP DESTROY",
	"XGROUP HELP", "XGROUP SETID", "XINFO", "XINFO CONSUMERS",
	"XINFO GROUPS", "XINFO HELP", "XINFO STREAM", "XLEN", "XPENDING",
	"XRANGE", "XREAD", "XREADGROUP", "XREVRANGE", "XSETID", "XTRIM", "ZADD",
	"ZCARD", "ZCOUNT", "ZDIFF", "ZDIFFSTORE", "ZINCRBY", "ZINTER",
	"ZINTERCARD", "ZINTERSTORE", "ZLEXCOUNT", "ZMPOP", "ZMSCORE", "ZPOPMAX",
	"ZPOPMIN", "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE",
	"ZRANGESTORE", "ZRANK", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK",
	"ZREMRANGEBYSCORE", "ZREVRANGE", "ZREVRANGEBYLEX", "ZREVRANGEBYSCORE",
	"ZREVRANK", "ZSCAN", "ZSCORE", "ZUNION", "ZUNIONSTORE",
};
/* clang-format on */

#define COMMANDS (sizeof(commands) / sizeof(*commands))

/* The first eight bytes so that numbers order as strings do. */
static inline uint64_t prefix(const char name[REDIS_NAME_MAX])
{
	uint64_t word;

	memcpy(&word, name, sizeof(word));
	return htobe64(word);
}

/* strcmp; both are padded with zero bytes. */
static inline int compare(const char *a, const char *b)
{
	uint64_t x = prefix(a), y = prefix(b);

	if (x != y)
		return x < y ? -1 : 1;
	return strcmp(a, b);
}

/* The index of a name in the table, or COMMANDS. At least seven bytes after the
 * zero byte are zero, too, where the name is short. */
static size_t commands__find(const char name[REDIS_NAME_MAX])
{
	size_t lo = 0, hi = COMMANDS;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = compare(name, commands[mid]);

		if (!order)
			return mid;
		if (order < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return COMMANDS;
}

/* Copy text in upper case to out of size bytes, terminated. False, and out
 * empty, when it does not fit or is not made of the bytes of a name. */
static bool name__copy(char *out, size_t size, struct span text)
{
	size_t i;

	memset(out, 0, size < sizeof(uint64_t) ? size : sizeof(uint64_t));
	if (!text.len || text.len >= size)
		return false;
	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		    !memchr("._-", c, 3)) {
			out[0] = '\0';
			return false;
		}
		out[i] = (char)c;
	}
	out[i] = '\0';
	return true;
}

static size_t letters(const char *name)
{
	size_t n = 0;

	while (name[n] >= 'A' && name[n] <= 'Z')
		n++;
	return n;
}

/* "JSON.GET": letters, a dot, letters. Digits could be somebody's key. */
static bool name__is_module(const char *name)
{
	size_t prefix = letters(name), rest;

	if (!prefix || name[prefix] != '.')
		return false;
	rest = letters(name + prefix + 1);
	return rest && !name[prefix + 1 + rest] &&
	       prefix + 1 + rest <= MODULE_NAME_MAX;
}

static bool command__is_container(size_t i)
{
	size_t len = strlen(commands[i]);

	return i + 1 < COMMANDS &&
	       !strncmp(commands[i + 1], commands[i], len) &&
	       commands[i + 1][len] == ' ';
}

bool redis_command__is_known(struct span name)
{
	char upper[REDIS_NAME_MAX];

	return name__copy(upper, sizeof(upper), name) &&
	       commands__find(upper) < COMMANDS;
}

bool redis_command__name(struct span name, const struct span *sub,
			 char out[REDIS_NAME_MAX])
{
	size_t i = COMMANDS, len;

	if (name__copy(out, REDIS_NAME_MAX, name)) {
		if (name__is_module(out))
			return true;
		i = commands__find(out);
	}
	if (i == COMMANDS)
		memcpy(out, OTHER, sizeof(OTHER));
	if (i == COMMANDS || !command__is_container(i))
		return true;
	if (!sub)
		return false;
	len = strlen(out);
	if (name__copy(out + len + 1, REDIS_NAME_MAX - len - 1, *sub)) {
		out[len] = ' ';
		if (commands__find(out) < COMMANDS)
			return true;
	}
	out[len] = '\0';
	return true;
}
