/**
 * Other dispatchers work on the same board. Every few seconds the page asks for news ([data-news-url], one query), and shows
 * the board anew when there are some: with the same panel open ([data-here]), the same thing focused, scrolled to the same
 * place. While something is in hand or being typed it only says so.
 */
import htmx from "htmx.org";

const EVERY = 4000;
let changed = false;

export function watch(isBusy) {
  const notice = document.querySelector("[data-news]");
  notice?.querySelector("[data-news-show]")?.addEventListener("click", (event) => {
    event.preventDefault();
    show();
  });
  setInterval(() => look(isBusy, notice), EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || look(isBusy, notice));
}

async function look(isBusy, notice) {
  const board = document.querySelector("[data-news-url]");
  if (!board || document.hidden) return;
  try {
    const answer = await fetch(board.dataset.newsUrl, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) return;
    const news = await answer.json();
    if (!board.isConnected) return;
    board.dataset.newsUrl = news.url;
    changed ||= news.changed;
  } catch {
    return; // The network is away: the next turn asks again.
  }
  if (!changed) return;
  if (isBusy() || isTyping(board)) notice.hidden = false;
  else show();
}

function isTyping(board) {
  const field = document.activeElement;
  return board.contains(field) && field.matches("input:not([type=hidden]), select, textarea, form button");
}

async function show() {
  const board = document.querySelector("[data-board]");
  if (!board) return;
  changed = false;
  const notice = document.querySelector("[data-news]");
  if (notice) notice.hidden = true;
  const focused = board.contains(document.activeElement) ? keyOf(document.activeElement) : "";
  const scrolled = board.querySelector(".timeline")?.scrollLeft ?? 0;
  await htmx.ajax("GET", board.dataset.here, { target: board, swap: "outerHTML" });
  const fresh = document.querySelector("[data-board]");
  const timeline = fresh?.querySelector(".timeline");
  if (timeline) timeline.scrollLeft = scrolled;
  if (focused) fresh?.querySelector(focused)?.focus({ preventScroll: true });
}

/** How to find the same thing again. */
function keyOf(element) {
  if (element.dataset.dragId) return `[data-drag-id="${element.dataset.dragId}"]`;
  if (element.id) return `#${CSS.escape(element.id)}`;
  const href = element.getAttribute("href");
  return href ? `[href="${CSS.escape(href)}"]` : "";
}
