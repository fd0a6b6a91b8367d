/* The features, one line each: their routes, their topics, their statements, what they know of an account. Constant; any thread. */
#ifndef WEBPLUS_ROUTES_H
#define WEBPLUS_ROUTES_H

struct export_part;
struct middleware;
struct route;
struct statement;
struct topic_kind;

/* Each ended by NULL. */
extern const struct route *const route_tables[];
extern const struct middleware *const middlewares[];
extern const struct topic_kind *const topic_kinds[];
extern const struct statement *const *const statement_lists[];
extern const struct export_part *const export_parts[];

#endif
