import { useCallback, useEffect, useRef, useState } from "react";

const reachMargin = 24;

/**
 * The scroll rule: the view follows the end only while the reader is there. Any scroll up detaches;
 * coming back to the end, or asking for it, attaches again. Nothing else ever moves the view.
 */
export function useFollow(fromStart: boolean) {
  const scroller = useRef<HTMLDivElement>(null);
  const following = useRef(fromStart);
  const [detached, setDetached] = useState(!fromStart);

  const setFollowing = useCallback((follow: boolean) => {
    following.current = follow;
    setDetached(!follow);
  }, []);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    // Where everything is in view, there is no end to be away from.
    if (!following.current && !canScroll(element)) setFollowing(true);
    if (following.current) element.scrollTop = element.scrollHeight;
  }, [setFollowing]);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    return listen(element, setFollowing, toEnd);
  }, [setFollowing, toEnd]);

  const attach = useCallback(() => {
    setFollowing(true);
    toEnd();
  }, [setFollowing, toEnd]);

  const detach = useCallback(() => setFollowing(false), [setFollowing]);

  return { scroller, detached, attach, detach, toEnd };
}

function canScroll({ scrollHeight, clientHeight }: HTMLElement): boolean {
  return scrollHeight > clientHeight + 1;
}

function listen(element: HTMLElement, setFollowing: (follow: boolean) => void, toEnd: () => void) {
  let lastTop = element.scrollTop;
  let lastHeight = element.scrollHeight;
  let touchY = 0;
  const stop = new AbortController();
  const options = { passive: true, signal: stop.signal };

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = element;
    const movedUp = scrollTop < lastTop && scrollHeight >= lastHeight;
    if (movedUp && scrollHeight - scrollTop - clientHeight > 1) setFollowing(false);
    else if (scrollTop > lastTop && scrollHeight - scrollTop - clientHeight <= reachMargin)
      setFollowing(true);
    lastTop = scrollTop;
    lastHeight = scrollHeight;
  };

  element.addEventListener("scroll", onScroll, options);
  // The first step of a smooth scroll is smaller than what a stream adds in a frame: the reader's
  // intent counts, not the distance.
  element.addEventListener(
    "wheel",
    ({ deltaY }) => deltaY < 0 && canScroll(element) && setFollowing(false),
    options,
  );
  element.addEventListener(
    "touchstart",
    ({ touches }) => (touchY = touches[0]?.clientY ?? 0),
    options,
  );
  element.addEventListener(
    "touchmove",
    ({ touches }) =>
      (touches[0]?.clientY ?? 0) > touchY + 4 && canScroll(element) && setFollowing(false),
    options,
  );
  const resize = new ResizeObserver(toEnd);
  resize.observe(element);
  return () => {
    stop.abort();
    resize.disconnect();
  };
}
