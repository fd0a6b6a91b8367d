/*
 * Whether the database answers. Anybody may ask, so it costs one look a second, whoever asks how often: who asks meanwhile
 * is told what that one finds. Loop thread only.
 */
#ifndef WEBPLUS_SERVICE_READINESS_H
#define WEBPLUS_SERVICE_READINESS_H

#include "base/err.h"
#include "base/list.h"

struct app;
struct readiness;

/* The asker's; lives until it is told. */
struct readiness_asker {
	struct list node;
	/* ERR_OK, or what the database answered with. */
	void (*told)(struct readiness_asker *asker, enum err err);
};

struct readiness *readiness_create(struct app *app);
/* Nobody may be waiting, and the workers must have ended. */
void readiness_destroy(struct readiness *readiness);

/* `told` is called from inside where the last look is new enough, or later. */
void readiness_ask(struct readiness *readiness, struct readiness_asker *asker);

#endif
