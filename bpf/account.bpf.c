// SPDX-License-Identifier: GPL-2.0-only
/* Owns the accounts of exchanges: see account.h. */
#include "account.h"

struct account_map rt_accounts SEC(".maps");
