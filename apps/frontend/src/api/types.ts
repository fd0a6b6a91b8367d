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
export type SearchResult = Schemas["SearchResult"];
export type MessageFork = Schemas["MessageFork"];
export type Permission = Session["permissions"][number];
export type DeviceSession = Schemas["DeviceSession"];
export type ApiKey = Schemas["ApiKey"];
export type ApiKeyNew = Schemas["ApiKeyNew"];
export type ApiKeyMade = Schemas["ApiKeyMade"];
export type Invitation = Schemas["Invitation"];
export type InvitationNew = Schemas["InvitationNew"];
export type InvitationMade = Schemas["InvitationMade"];
export type Role = Schemas["Role"];
export type RoleNew = Schemas["RoleNew"];
export type AuditRow = Schemas["AuditRow"];
export type Settings = Schemas["Settings"];
