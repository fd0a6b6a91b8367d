/*
 * A connection that left HTTP's question and answer: the bytes of a WebSocket, or an unending reply
 * (SSE).
 *
 * Loop thread only. Writes never block and never fail: what the socket does not take at once is
 * queued by reference. `pending_bytes` is the back-pressure; the owner decides when a reader is too
 * slow and closes it. After transport_close, or once the peer is gone, `closed` is called exactly
 * once, later, never from inside a call of the owner's; the transport is freed after it returns.
 */
#ifndef WEBPLUS_HTTP_TRANSPORT_H
#define WEBPLUS_HTTP_TRANSPORT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;
struct transport;

/*
 * Immutable bytes with a reference count: one event for many readers is stored once. Loop thread
 * only.
 */
struct payload {
	unsigned references;
	size_t length;
	char data[];
};

struct payload *payload_create(const void *data, size_t length);
/* With room for `length` bytes that the caller fills before the first write. */
struct payload *payload_create_empty(size_t length);
struct payload *payload_ref(struct payload *payload);
void payload_unref(struct payload *payload);

struct transport_owner {
	/*
	 * Bytes from the peer; they are gone when it returns. NULL for an SSE reply: whatever comes
	 * is ignored.
	 */
	void (*read)(void *context, const uint8_t *data, size_t length);
	/* Everything queued has been handed to the kernel. May be NULL. */
	void (*drained)(void *context);
	void (*closed)(void *context);
	/* The server drains: say goodbye and close within seconds. */
	void (*drain)(void *context);
};

/*
 * Answers a PENDING request (or one whose handler runs on the loop, which then returns ERR_PENDING)
 * with a head of `status` and the reply's headers, and takes the connection over. 101 upgrades; 200
 * starts a chunked body, whose chunks are made by transport_write. The request is freed; do not
 * call request_finish. NULL, the request freed too, if the client has left or asked by HEAD. Bytes
 * that came behind the request are read after the caller returns.
 */
struct transport *transport_take(struct request *request, int status,
				 const struct transport_owner *owner, void *context);

void transport_write(struct transport *transport, struct payload *payload);
/* Bytes that wait for the peer to read. */
size_t transport_pending_bytes(const struct transport *transport);
/*
 * Sends what is queued, for as long as the peer goes on reading it, ends the chunked body, closes.
 */
void transport_close(struct transport *transport);
/* Closes at once. */
void transport_abort(struct transport *transport);

#endif
