import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useEffectEvent, useLayoutEffect, useMemo } from "react";
import type { Message, MessageFork } from "@/api/types";
import { useStore } from "@/lib/store";
import { useFollow } from "../hooks/use-follow";
import { useOpenedHit } from "../hooks/use-opened-hit";
import { useKeepReadingPlace, useReadingPlace } from "../hooks/use-reading-place";
import { editing } from "../lib/editing";
import { placesAmong } from "../lib/forks";
import { reach } from "../lib/opened-hit";
import { unfold } from "../lib/unfolded";
import { MessageFrame } from "./message-frame";
import { MessageRow } from "./message-row";
import { NewContentPill } from "./new-content-pill";
import { OlderState } from "./older-state";
import { UserMessage } from "./user-message";

type ThreadProps = {
  conversationId: string;
  messages: readonly Message[];
  /** A text on its way, which is no message yet. */
  sending: string | null;
  hasOlder: boolean;
  loadingOlder: boolean;
  olderFailed: boolean;
  loadOlder: () => void;
  modelName: (id: string | null) => string;
  forks: readonly MessageFork[];
  /** The message to show, and to mark, once it is among them. */
  wanted: string | null;
};

const edgeSpace = { paddingStart: 28, paddingEnd: 36 };
const loadWithin = 1_200;

export function Thread(props: ThreadProps) {
  const { conversationId, messages, sending, hasOlder, loadingOlder, olderFailed, loadOlder } =
    props;
  const { modelName, forks, wanted } = props;
  const places = usePlaces(messages, forks);
  const beginning = useReadingPlace(conversationId, messages, edgeSpace.paddingStart);
  const { scroller, detached, attach, detach, toEnd } = useFollow(!beginning.isAway);
  const count = messages.length + (sending === null ? 0 : 1);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is memoised by it
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => beginning.heightOf(messages[index]),
    getItemKey: (index) => messages[index]?.id ?? "sending",
    initialOffset: beginning.offset,
    overscan: 4,
    // Older messages come in above without moving what is read; following the end is ours.
    anchorTo: "end",
    scrollEndThreshold: -1,
    ...edgeSpace,
  });
  const size = virtualizer.getTotalSize();
  const rows = virtualizer.getVirtualItems();
  const nearTop = (virtualizer.scrollOffset ?? Infinity) < loadWithin;

  useKeepReadingPlace(conversationId, virtualizer, detached);
  useLayoutEffect(toEnd, [toEnd, size]);

  const wantedAt = messages.findIndex(({ id }) => id === wanted);
  const { hit, isFresh } = useOpenedHit(wanted, wantedAt >= 0, scroller, {
    show: () => {
      const message = messages[wantedAt];
      if (message?.role === "user") unfold(message.id); // what was found may be in the part that is hidden
      detach();
      virtualizer.scrollToIndex(wantedAt, { align: "center" });
    },
    letGo: () => virtualizer.cancelScroll(),
  });
  const toLatest = () => {
    if (hit !== null) reach(hit);
    virtualizer.cancelScroll();
    attach();
  };

  // What is to be written anew may be far from what is drawn.
  const editedId = useStore(editing)?.id;
  const showEdited = useEffectEvent(() => {
    const at = messages.findIndex(({ id }) => id === editedId);
    const { startIndex, endIndex } = virtualizer.range ?? { startIndex: 0, endIndex: 0 };
    if (at < 0 || (at > startIndex && at <= endIndex)) return;
    detach();
    virtualizer.scrollToIndex(at, { align: "start" });
  });
  useEffect(() => {
    if (editedId !== undefined) showEdited();
  }, [editedId]);

  useEffect(() => {
    if (nearTop && hasOlder && !loadingOlder && !olderFailed) loadOlder();
  }, [nearTop, hasOlder, loadingOlder, olderFailed, loadOlder]);

  // Who sends wants to see it, wherever they were reading.
  useEffect(() => {
    if (sending !== null) attach();
  }, [sending, attach]);

  return (
    <div className="relative min-h-0 flex-1">
      {(loadingOlder || olderFailed) && (
        <OlderState failed={olderFailed && !loadingOlder} onRetry={loadOlder} />
      )}
      <div
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label="Messages"
        className="h-full overflow-y-auto overscroll-contain [overflow-anchor:none] focus-visible:-outline-offset-2"
      >
        <div className="relative" style={{ height: size }}>
          {rows.map(({ index, key, start }) => {
            const message = messages[index];
            return (
              <div
                key={key}
                ref={virtualizer.measureElement}
                data-index={index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start}px)` }}
              >
                <MessageFrame
                  hit={message?.id === hit?.messageId ? hit : null}
                  isFresh={isFresh}
                  scroller={scroller}
                >
                  {message === undefined ? (
                    <UserMessage id="sending" text={sending ?? ""} pending />
                  ) : (
                    <MessageRow
                      message={message}
                      isLast={index === messages.length - 1 && sending === null}
                      modelName={modelName(message.model_id)}
                      place={places.get(message.id) ?? null}
                    />
                  )}
                </MessageFrame>
              </div>
            );
          })}
        </div>
      </div>
      <div
        aria-hidden="true"
        className="pointer-events-none absolute inset-x-0 bottom-0 h-6 bg-linear-to-t from-canvas"
      />
      {detached && <NewContentPill leaf={messages.at(-1)} onClick={toLatest} />}
    </div>
  );
}

/** The same objects as long as nothing changes, so that no row is drawn again for it. */
function usePlaces(messages: readonly Message[], forks: readonly MessageFork[]) {
  return useMemo(() => placesAmong(forks, messages), [messages, forks]);
}
