// SPDX-License-Identifier: GPL-2.0-only
/* See libc_accept.h. Reads ELF files; distrusts what is in them. */
#include "source/libc_accept.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* These functions take some 150 bytes. */
#define CODE_MAX 1024

struct code {
	uint64_t address, size;
};

/* The function of this name in the section's symbols. */
static bool symbol__find(Elf *elf, Elf_Scn *section, const GElf_Shdr *head,
			 const char *function, struct code *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *name;
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC ||
		    symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, head->sh_link, symbol.st_name);
		if (!name || strcmp(name, function) != 0)
			continue;
		out->address = symbol.st_value;
		out->size = symbol.st_size;
		return true;
	}
	return false;
}

static bool function__find(Elf *elf, const char *function, struct code *out)
{
	Elf_Scn *section = NULL;
	GElf_Shdr head;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &head) &&
		    head.sh_type == SHT_DYNSYM &&
		    symbol__find(elf, section, &head, function, out))
			return true;
	return false;
}

/* Address in memory to offset in the file; false: not from the file. */
static bool address__offset(Elf *elf, uint64_t address, uint64_t *out)
{
	GElf_Phdr head;
	size_t len;

	if (elf_getphdrnum(elf, &len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!gelf_getphdr(elf, i, &head) || head.p_type != PT_LOAD ||
		    address < head.p_vaddr ||
		    address - head.p_vaddr >= head.p_filesz)
			continue;
		*out = address - head.p_vaddr + head.p_offset;
		return true;
	}
	return false;
}

static size_t code__jumps(const uint8_t *code, size_t len, size_t at,
			  size_t out[LIBC_ACCEPT_MAX])
{
	static const uint8_t pattern[] = {0x0f, 0x05, 0x48, 0x3d, 0x00,
					  0xf0, 0xff, 0xff, 0x77};
	const size_t jump = sizeof(pattern) - 1;
	size_t found = 0;

	for (size_t i = 0; i + sizeof(pattern) < len; i++)
		if (found < LIBC_ACCEPT_MAX &&
		    !memcmp(code + i, pattern, sizeof(pattern)))
			out[found++] = at + i + jump;
	return found;
}

static bool is_x86(Elf *elf)
{
	GElf_Ehdr head;

	return gelf_getehdr(elf, &head) && head.e_machine == EM_X86_64;
}

static size_t file__jumps(int fd, const char *function,
			  size_t out[LIBC_ACCEPT_MAX])
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	uint8_t code[CODE_MAX];
	struct code where;
	uint64_t offset;
	size_t found = 0;
	ssize_t len;

	if (elf && is_x86(elf) && function__find(elf, function, &where) &&
	    address__offset(elf, where.address, &offset)) {
		len = where.size < sizeof(code) ? where.size : sizeof(code);
		len = pread(fd, code, len, offset);
		if (len > 0)
			found = code__jumps(code, len, offset, out);
	}
	elf_end(elf);
	return found;
}

size_t libc_accept__jumps(const char *path, const char *function,
			  size_t out[LIBC_ACCEPT_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t found = 0;

	if (fd < 0)
		return 0;
	if (elf_version(EV_CURRENT) != EV_NONE)
		found = file__jumps(fd, function, out);
	close(fd);
	return found;
}
