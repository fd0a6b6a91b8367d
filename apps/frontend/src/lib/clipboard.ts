/** Copies text, also where the Clipboard API is missing (plain HTTP on a local network). */
export async function copyText(text: string): Promise<boolean> {
  if ("clipboard" in navigator) {
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (copied) return true;
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "fixed -left-full top-0";
  const focused = document.activeElement;
  // Inside an open dialog the rest of the page is inert and could not be selected.
  (focused?.closest("dialog") ?? document.body).append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure origin
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
