/*
 * Preloaded into the server: makes every fsync and fdatasync take SLOW_FSYNC_MS longer, as a real disk would, and counts
 * them in the file SLOW_FSYNC_COUNT (a native 64-bit number), where the bench reads it.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t *counter;
static useconds_t delay_us;

__attribute__((constructor)) static void open_counter(void)
{
	const char *path = getenv("SLOW_FSYNC_COUNT");
	const char *delay_ms = getenv("SLOW_FSYNC_MS");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (delay_ms)
		delay_us = (useconds_t)strtoul(delay_ms, NULL, 10) * 1000;
	if (fd < 0 || ftruncate(fd, sizeof(*counter)) != 0)
		return;
	counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (counter == MAP_FAILED)
		counter = NULL;
	close(fd);
}

static int slowly(long call, int fd)
{
	if (counter)
		atomic_fetch_add(counter, 1);
	if (delay_us)
		usleep(delay_us);
	return (int)syscall(call, fd);
}

int fsync(int fd)
{
	return slowly(SYS_fsync, fd);
}

int fdatasync(int fildes)
{
	return slowly(SYS_fdatasync, fildes);
}
