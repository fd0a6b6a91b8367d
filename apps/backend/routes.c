#include "routes.h"

#include "audit/audit.h"
#include "auth/auth.h"
#include "chat/chat.h"
#include "db/key_store.h"
#include "db/rotation.h"
#include "help/help.h"
#include "keys/keys.h"
#include "middleware/access_log.h"
#include "middleware/authentication.h"
#include "middleware/cache.h"
#include "middleware/cancellation.h"
#include "middleware/compression.h"
#include "middleware/cors.h"
#include "middleware/metrics.h"
#include "middleware/rate_limit.h"
#include "middleware/security.h"
#include "models/models.h"
#include "search/search.h"
#include "service/service.h"
#include "settings/settings.h"
#include "users/users.h"

#include <stddef.h>

const struct route *const route_tables[] = {
	auth_routes,   account_routes,    session_routes,      keys_routes,
	users_routes,  invitation_routes, role_routes,         settings_routes,
	audit_routes,  models_routes,     conversation_routes, message_routes,
	search_routes, help_routes,       service_routes,      NULL,
};

/* In the order in which they see a request. */
const struct middleware *const middlewares[] = {
	&metrics_middleware,
	&access_log_middleware,
	&security_middleware,
	&cors_middleware,
	&cancellation_middleware,
	&rate_limit_middleware,
	&authentication_middleware,
	&account_limit_middleware,
	&compression_middleware,
	&cache_middleware,
	NULL,
};

const struct topic_kind *const topic_kinds[] = {
	&message_topic, &conversation_topic, &conversations_topic, &models_topic, NULL,
};

const struct statement *const *const statement_lists[] = {
	account_statements,
	session_statements,
	rights_statements,
	keys_statements,
	grant_statements,
	invitation_statements,
	role_statements,
	settings_statements,
	audit_statements,
	conversation_statements,
	message_statements,
	stream_statements,
	idempotency_statements,
	key_store_statements,
	rotation_statements,
	search_source_statements,
	search_index_statements,
	search_pending_statements,
	NULL,
};

/* In the order in which they stand in the file. */
const struct export_part *const export_parts[] = {
	&account_export, &sessions_export,  &keys_export,          &invitations_export,
	&grants_export,  &audit_own_export, &conversations_export, NULL,
};
