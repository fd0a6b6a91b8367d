/*
 * Black-box tests of the real server, over HTTP and WebSocket, in this order. All run in one process, so that they share
 * a server and the record of what was reached.
 */
import "./setup.test.ts";
import "./service.test.ts";
import "./auth.test.ts";
import "./access.test.ts";
import "./attacks.test.ts";
import "./strangers.test.ts";
import "./audit.test.ts";
import "./conversations.test.ts";
import "./messages.test.ts";
import "./search.test.ts";
import "./search-index.test.ts";
import "./cache.test.ts";
import "./streams.test.ts";
import "./compression.test.ts";
import "./upstream.test.ts";
import "./outbound.test.ts";
import "./outbound-tls.test.ts";
import "./discovery.test.ts";
import "./websocket.test.ts";
import "./websocket-limits.test.ts";
import "./input.test.ts";
import "./encryption.test.ts";
import "./queries.test.ts";
import "./databases.test.ts";
import "./nodes.test.ts";
import "./http.test.ts";
import "./lifecycle.test.ts";
import "./installation.test.ts";
import "./validation.test.ts";
import "./limits.test.ts";
import "./shares.test.ts";
import "./headers.test.ts";
import "./proxy.test.ts";
import "./owners.test.ts";
import "./coverage.test.ts";
