import { createStore } from "./store";

/** The address of the chat that was open last; the help leads back to it. */
export const lastChat = createStore("/");
