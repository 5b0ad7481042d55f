/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the structs of cxlfm.h measure here, for bindings to compare
 */
#include <stdio.h>
#include "cxlfm.h"

#define TELL(name) printf("%s %zu\n", #name, sizeof(struct cxlfm_##name))

int main(void)
{
    TELL(extent);
    TELL(region);
    TELL(host);
    TELL(snapshot);
    TELL(tag);
    TELL(add);
    TELL(release);
    TELL(event);
    TELL(outcome);
    TELL(pool_host);
    TELL(pool_extent);
    TELL(pool);
    return 0;
}
