/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libFuzzer calls with each input; it ships no header
 */
#ifndef DCD_FUZZER_H
#define DCD_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/* Always 0: every input may be added to the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif /* DCD_FUZZER_H */
