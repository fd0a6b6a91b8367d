#include "routes.h"

#include "auth/auth.h"
#include "chat/chat.h"
#include "help/help.h"
#include "middleware/access_log.h"
#include "middleware/authentication.h"
#include "middleware/cancellation.h"
#include "middleware/metrics.h"
#include "middleware/security.h"
#include "models/models.h"
#include "service/service.h"

#include <stddef.h>

const struct route *const route_tables[] = {
	auth_routes,    models_routes, conversation_routes, message_routes, help_routes,
	service_routes, NULL,
};

/* In the order in which they see a request. */
const struct middleware *const middlewares[] = {
	&metrics_middleware,      &access_log_middleware,     &security_middleware,
	&cancellation_middleware, &authentication_middleware, NULL,
};

const struct topic_kind *const topic_kinds[] = {
	&message_topic, &conversation_topic, &conversations_topic, &models_topic, NULL,
};

const struct statement *const *const statement_lists[] = {
	auth_statements, conversation_statements, message_statements, stream_statements, NULL,
};
