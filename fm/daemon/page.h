/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The web page: its files, put into the program by the build */
#ifndef FMD_PAGE_H
#define FMD_PAGE_H

typedef struct PageFile {
    const char *name;
    const char *type;
    const char *text;
} PageFile;

/* Ends with a NULL name */
extern const PageFile page_files[];

#endif /* FMD_PAGE_H */
