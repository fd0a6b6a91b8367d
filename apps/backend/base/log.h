/*
 * Structured logs: one line of JSON per event, on standard error.
 *
 *	log_info("listening", "address", "127.0.0.1:8080", NULL);
 *
 * Keys and values are text, in pairs, ended by NULL; a NULL value ends the list too, so pass "" for
 * nothing. Only the edge logs: main, the server, the middleware and the background tasks; a library
 * room returns an error instead. Never log a secret, a token or what a user wrote. Callable from
 * any thread; a line is written by one write(2).
 */
#ifndef WEBPLUS_BASE_LOG_H
#define WEBPLUS_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Events below `level` are dropped. The default is LOG_INFO. Call before other threads start. */
void log_set_level(enum log_level level);
enum log_level log_level(void);

void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

#define log_debug(...) log_event(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_event(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_event(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_event(LOG_ERROR, __VA_ARGS__)

#endif
