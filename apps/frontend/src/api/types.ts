/** Short names for the generated schemas: the one place that knows how the document spells them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Problem = Schemas["problem"];
export type User = Schemas["user"];
export type Session = Schemas["session"];
export type Model = Schemas["model"];
export type Conversation = Schemas["conversation"];
export type ConversationPage = Schemas["conversation_list"];
export type Message = Schemas["message"];
export type MessagePage = Schemas["message_list"];
export type HelpEntry = Schemas["help_entry"];
export type HelpPage = Schemas["help_page"];
