/** Pages behind a personal link: what a telephone can do more than a desk. */

// Offline, a button that writes says so instead of leaving the person in doubt.
const banner = document.querySelector("[data-offline-banner]");

function show() {
  if (banner) banner.hidden = navigator.onLine;
}

addEventListener("online", show);
addEventListener("offline", show);
show();

// The page of the day is read again when the telephone wakes up, so that it never shows yesterday.
const openedAt = Date.now();
const STALE_AFTER_MS = 10 * 60 * 1000;
document.addEventListener("visibilitychange", () => {
  const stale = Date.now() - openedAt > STALE_AFTER_MS;
  const untouched = !document.querySelector("form[data-sent], dialog[open]");
  if (document.visibilityState === "visible" && stale && untouched && navigator.onLine) location.reload();
});
