/* SPDX-License-Identifier: GPL-2.0-only */
/* What it would give is in linux/test/kernel.h. */
