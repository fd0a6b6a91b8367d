// Runs before the first paint, so that a stored theme never flashes the other one.
// A file and not an inline script because the Content-Security-Policy forbids those.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem("webplus.theme");
  } catch {
    // Storage may be forbidden; the system's theme is then used.
  }
  var dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  var meta = document.querySelector('meta[name="theme-color"]');
  if (meta) meta.setAttribute("content", dark ? "#111716" : "#fdfefd");
})();
