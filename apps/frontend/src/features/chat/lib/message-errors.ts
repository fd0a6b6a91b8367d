/** What went wrong with an answer, in the reader's words, and what can be done about it. */
export type Explanation = {
  title: string;
  advice: string;
  /** The section of the configuration guide that says how it is set up. */
  section?: string;
};

const connecting = "connect-an-openai-compatible-server";

const explanations: Record<string, Explanation> = {
  model_not_found: {
    title: "This model is not there any more",
    advice: "Choose another model below, then try again.",
  },
  upstream_refused: {
    title: "The model's server is not running",
    advice: "Start it, or choose another model, then try again.",
    section: connecting,
  },
  upstream_unauthorized: {
    title: "The provider does not accept the key",
    advice: "An administrator has to set another API key for it.",
    section: connecting,
  },
  upstream_rate_limited: {
    title: "The provider takes no more requests right now",
    advice: "Its limit is reached. Wait a moment, then try again.",
  },
  upstream_error: {
    title: "The provider reported a fault of its own",
    advice: "This is often over in a minute. Try again.",
  },
  upstream_timeout: {
    title: "The model did not begin to answer",
    advice: "It may be loading or busy. Try again.",
  },
  upstream_stalled: {
    title: "The model stopped in the middle",
    advice: "What it had written is kept. Let it go on, or try again.",
  },
  upstream_malformed: {
    title: "The provider's answer made no sense",
    advice: "Its address may lead to something else than a supported API.",
    section: connecting,
  },
  upstream_truncated: {
    title: "The connection to the model broke off",
    advice: "What it had written is kept. Let it go on, or try again.",
  },
  upstream_filtered: {
    title: "The provider's content filter cut the answer off",
    advice: "What it had written is kept. Ask in other words.",
  },
};

const unknown: Explanation = {
  title: "The answer failed",
  advice: "Try again. If it fails again, the server's log says more.",
};

export function explain(code: string | undefined): Explanation {
  return explanations[code ?? ""] ?? unknown;
}
