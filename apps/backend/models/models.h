/* The models that can be talked to, over HTTP and as a topic. */
#ifndef WEBPLUS_MODELS_MODELS_H
#define WEBPLUS_MODELS_MODELS_H

#include "http/route.h"

struct app;
struct topic_kind;

extern const struct route models_routes[];
extern const struct topic_kind models_topic;

/* Loop: tells who listens that the list has changed. */
void models_changed(struct app *app);

#endif
