/**
 * The dispatch board. A card ([data-drag-id]) is picked up with the pointer, or with Space and moved with the arrows, and
 * put down on a row ([data-drop-url]). While it is in hand the page has asked the server once ([data-check-url]) where it
 * may go, and every row shows it. A drop posts `item`, `version` and `column` (the quarter of an hour) with the CSRF token
 * and swaps the answer into [data-board]. Each card also leads to a plain form, so nothing here is needed to do the work.
 */
import { Hand } from "./board/hand.js";
import { watch } from "./board/live.js";

const MOVE_BEFORE_DRAG = 6;
const hand = new Hand();
let pressed = null;

document.documentElement.classList.add("board-ready");
describeKeys();
document.addEventListener("htmx:after:swap", describeKeys);
watch(() => hand.isFull || pressed !== null);

function describeKeys() {
  if (!document.getElementById("board-keys")) return;
  for (const card of document.querySelectorAll("a[data-drag-id]")) card.setAttribute("aria-describedby", "board-keys");
}

document.addEventListener("dragstart", (event) => {
  // Native link dragging would fight with ours.
  if (event.target.closest?.("[data-drag-id]")) event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.pointerType === "touch") return;
  const card = event.target.closest("[data-drag-id]");
  if (!card || event.target.closest("button, input, select, summary, label")) return;
  if (hand.isFull) hand.leave();
  pressed = { card, x: event.clientX, y: event.clientY };
});

document.addEventListener("pointermove", (event) => {
  if (!pressed) return;
  if (!hand.isFull) {
    if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < MOVE_BEFORE_DRAG) return;
    hand.take(pressed.card);
  }
  event.preventDefault();
  const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-drop-url]") ?? null;
  hand.over(row, row ? columnAt(row, event.clientX) : 0);
});

document.addEventListener("pointerup", () => finish(true));
document.addEventListener("pointercancel", () => finish(false));

document.addEventListener(
  "click",
  (event) => {
    // The click that ends a drag must not open the card.
    if (!event.target.closest?.("[data-just-dragged]")) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (pressed) {
    if (event.key === "Escape") finish(false);
    return;
  }
  if (hand.isFull) {
    if (hand.key(event.key)) event.preventDefault();
    return;
  }
  const card = event.key === " " ? event.target.closest?.("[data-drag-id]") : null;
  if (!card || event.target.closest("button, input, select, summary, label")) return;
  event.preventDefault();
  hand.take(card, true);
});

function finish(drops) {
  if (!pressed) return;
  const { card } = pressed;
  pressed = null;
  if (!hand.isFull) return;
  card.dataset.justDragged = "";
  setTimeout(() => delete card.dataset.justDragged, 0);
  if (drops && hand.row) hand.putDown();
  else hand.leave();
}

function columnAt(row, x) {
  const track = row.querySelector(".timeline-track[data-columns]");
  if (!track) return 1;
  const box = track.getBoundingClientRect();
  const columns = Number(track.dataset.columns);
  return Math.min(Math.max(Math.floor(((x - box.left) / box.width) * columns) + 1, 1), columns);
}
