#include "support_redis.h"

#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 1000, TRY_MS = 10 };

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/*
 * A socket that is bound and does not listen: its port is given to nobody else, and yet a server that reuses addresses may
 * listen there, as redis-server does.
 */
static int bind_free_port(int *ret_port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

int listen_on_free_port(int *ret_port)
{
	int fd = bind_free_port(ret_port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

/* It ends with the test, whatever becomes of that. */
static void run_server(const struct redis_server *server)
{
	char port[8];
	const char *password = server->password ? server->password : "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(port, sizeof(port), "%d", server->port);
	execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
	       "--appendonly", "no", "--logfile", "/dev/null", "--requirepass", password,
	       (char *)NULL);
	_exit(127);
}

static bool accepts(int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return connected;
}

void redis_server_restart(struct redis_server *server)
{
	assert_int_equal(server->pid, 0);
	server->pid = fork();
	if (server->pid == 0)
		run_server(server);
	for (int i = 0; !accepts(server->port); i++) {
		assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
		assert_true(i < TRIES);
		poll(NULL, 0, TRY_MS);
	}
}

void redis_server_start(struct redis_server *server)
{
	server->place = bind_free_port(&server->port);
	snprintf(server->url, sizeof(server->url), "redis://%s%s%s127.0.0.1:%d/3",
		 server->password ? ":" : "", server->password ? server->password : "",
		 server->password ? "@" : "", server->port);
	redis_server_restart(server);
}

void redis_server_signal(struct redis_server *server, int number)
{
	assert_int_equal(kill(server->pid, number), 0);
}

void redis_server_kill(struct redis_server *server)
{
	if (server->pid == 0)
		return;
	redis_server_signal(server, SIGKILL);
	assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
	server->pid = 0;
}

void redis_server_end(struct redis_server *server)
{
	redis_server_kill(server);
	close(server->place);
}
