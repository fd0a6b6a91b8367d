/** Short names for the generated schemas: the one place that knows how the document spells them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type User = Schemas["User"];
export type Session = Schemas["Session"];
export type Model = Schemas["Model"];
export type Conversation = Schemas["Conversation"];
export type ConversationPage = Schemas["ConversationPage"];
export type Message = Schemas["Message"];
export type MessagePage = Schemas["MessagePage"];
