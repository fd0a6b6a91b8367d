/* Files that outlive a power cut. Any thread. */
#ifndef WEBPLUS_BASE_FILES_H
#define WEBPLUS_BASE_FILES_H

#include <stdbool.h>

/* The name that a file was given in its folder, by creating, linking or renaming it, is on the disk. */
bool sync_folder_of(const char *path);

#endif
