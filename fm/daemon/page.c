/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The web page: files that say nothing of what there is
 *
 * Anybody may have them. What they show they ask of /v1, with the token of
 * whoever looks.
 */
#include <string.h>
#include "api-call.h"
#include "page.h"

/*
 * Scripts, styles and answers of this server and of nobody else, and no other
 * page around it that would have somebody press its buttons.
 */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; "     \
               "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "   \
               "form-action 'none'; frame-ancestors 'none'"

void api_page(HttpRequest *request)
{
    const char *name = request->segments[0] ? request->segments[0] :
                       "index.html";
    const PageFile *file;

    for (file = page_files; file->name; file++) {
        if (!strcmp(file->name, name)) {
            http_answer_text(request, 200, file->type, g_strdup(file->text));
            request->policy = POLICY;
            return;
        }
    }
    http_answer_error(request, 404, "no-such-path", "begin at /",
                      "the page has no such file");
}
