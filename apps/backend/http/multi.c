#include "http/multi.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

/* A socket that libcurl waits for. */
struct watch {
	uv_poll_t poll;
	struct multi *multi;
	curl_socket_t fd;
};

static void handle_closed(struct multi *multi)
{
	multi->handles--;
	if (multi->destroyed && multi->handles == 0)
		free(multi);
}

static void on_timer_closed(uv_handle_t *timer)
{
	handle_closed(timer->data);
}

static void on_watch_closed(uv_handle_t *poll)
{
	struct watch *watch = poll->data;
	struct multi *multi = watch->multi;

	free(watch);
	handle_closed(multi);
}

static void work(struct multi *multi, curl_socket_t fd, int events)
{
	int running;

	loop_woke(multi->loop);
	multi->inside = true;
	curl_multi_socket_action(multi->curl, fd, events, &running);
	multi->inside = false;
	multi->worked(multi->context);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	int flags = 0;

	if (status < 0)
		flags |= CURL_CSELECT_ERR;
	if ((events & UV_READABLE) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & UV_WRITABLE) != 0)
		flags |= CURL_CSELECT_OUT;
	work(watch->multi, watch->fd, flags);
}

static void on_timer(uv_timer_t *timer)
{
	work(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static struct watch *watch_create(struct multi *multi, curl_socket_t fd)
{
	struct watch *watch = MEMORY_NEW(struct watch);

	watch->multi = multi;
	watch->fd = fd;
	if (uv_poll_init_socket(&multi->loop->uv, &watch->poll, fd) != 0) {
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	multi->handles++;
	return watch;
}

static void watch_destroy(struct watch *watch)
{
	uv_poll_stop(&watch->poll);
	uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

/* libcurl says what it waits for on a socket. */
static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
	struct multi *multi = context;
	struct watch *watch = known;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			watch_destroy(watch);
		curl_multi_assign(multi->curl, fd, NULL);
		return 0;
	}
	if (watch == NULL) {
		watch = watch_create(multi, fd);
		if (watch == NULL)
			return -1;
		curl_multi_assign(multi->curl, fd, watch);
	}
	if ((what & CURL_POLL_IN) != 0)
		events |= UV_READABLE;
	if ((what & CURL_POLL_OUT) != 0)
		events |= UV_WRITABLE;
	return uv_poll_start(&watch->poll, events, on_socket) == 0 ? 0 : -1;
}

/* libcurl says when it wants to be called. */
static int on_want_timer(CURLM *curl, long timeout_ms, void *context)
{
	struct multi *multi = context;

	(void)curl;
	if (timeout_ms < 0)
		uv_timer_stop(&multi->timer);
	else
		uv_timer_start(&multi->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		memory_exhausted();
}

struct multi *multi_create(struct loop *loop, void (*worked)(void *context), void *context)
{
	struct multi *multi = MEMORY_NEW(struct multi);

	pthread_once(&curl_once, start_curl);
	multi->loop = loop;
	multi->worked = worked;
	multi->context = context;
	uv_timer_init(&loop->uv, &multi->timer);
	multi->timer.data = multi;
	multi->handles = 1;
	multi->curl = curl_multi_init();
	if (multi->curl == NULL)
		memory_exhausted();
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	curl_multi_setopt(multi->curl, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(multi->curl, CURLMOPT_TIMERDATA, multi);
	return multi;
}

void multi_destroy(struct multi *multi)
{
	assert(!multi->inside);
	curl_multi_cleanup(multi->curl);
	uv_timer_stop(&multi->timer);
	multi->destroyed = true;
	uv_close((uv_handle_t *)&multi->timer, on_timer_closed);
}
