/*
 * start_time PORT PROGRAM ARGUMENT…: starts the program, prints the milliseconds until GET /api/v1/health on 127.0.0.1
 * first answers 200, and ends it with SIGTERM.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 20000, POLL_US = 200 };

static const char request[] =
	"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 ";

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int answers(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char reply[sizeof(answer)] = "";
	int ready = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    write(fd, request, sizeof(request) - 1) == (ssize_t)sizeof(request) - 1 &&
	    recv(fd, reply, sizeof(answer) - 1, MSG_WAITALL) > 0)
		ready = strcmp(reply, answer) == 0;
	close(fd);
	return ready;
}

int main(int count, char **args)
{
	double start = now_ms();
	double took = 0;
	pid_t child;

	if (count < 3)
		return 2;
	child = fork();
	if (child == 0) {
		execv(args[2], args + 2);
		_exit(127);
	}
	while (!answers((uint16_t)strtoul(args[1], NULL, 10)) && took < LIMIT_MS) {
		usleep(POLL_US);
		took = now_ms() - start;
	}
	took = now_ms() - start;
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	printf("%.1f\n", took);
	return took < LIMIT_MS ? 0 : 1;
}
