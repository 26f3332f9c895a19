/**
 * Drag [data-drag-id] cards onto [data-drop-url] rows. The drop posts `item=<id>` (and `column`, the quarter of an hour
 * under the pointer, when the row has a .timeline-track) with the CSRF token, and swaps the answer into the
 * [data-board] element. Each card also has a plain form, so nothing here is needed to do the work.
 */
import htmx from "htmx.org";

const MOVE_BEFORE_DRAG = 6;
let drag = null;

document.documentElement.classList.add("board-ready");

document.addEventListener("dragstart", (event) => {
  // Native link dragging would fight with ours.
  if (event.target.closest?.("[data-drag-id]")) event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.pointerType === "touch") return;
  const card = event.target.closest("[data-drag-id]");
  if (!card || event.target.closest("button, input, select, summary, label")) return;
  drag = { card, x: event.clientX, y: event.clientY, moved: false, row: null };
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.moved) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < MOVE_BEFORE_DRAG) return;
    drag.moved = true;
    drag.card.classList.add("dragging");
  }
  event.preventDefault();
  const row = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-drop-url]") ?? null;
  if (row !== drag.row) {
    drag.row?.classList.remove("drop-target");
    row?.classList.add("drop-target");
    drag.row = row;
  }
});

document.addEventListener("pointerup", (event) => finish(event));
document.addEventListener("pointercancel", () => finish(null));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") finish(null);
});

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

function finish(event) {
  if (!drag) return;
  const { card, row, moved } = drag;
  drag = null;
  card.classList.remove("dragging");
  row?.classList.remove("drop-target");
  if (!moved) return;
  card.dataset.justDragged = "";
  setTimeout(() => delete card.dataset.justDragged, 0);
  if (event && row) drop(card, row, event.clientX);
}

async function drop(card, row, x) {
  const values = { item: card.dataset.dragId };
  const track = row.querySelector(".timeline-track[data-columns]");
  if (track) {
    const box = track.getBoundingClientRect();
    const columns = Number(track.dataset.columns);
    const column = Math.floor(((x - box.left) / box.width) * columns) + 1;
    values.column = Math.min(Math.max(column, 1), columns);
  }
  row.classList.add("drop-busy");
  try {
    await htmx.ajax("POST", row.dataset.dropUrl, {
      source: row,
      target: row.closest("[data-board]"),
      swap: "outerHTML",
      values,
    });
  } finally {
    row.classList.remove("drop-busy");
  }
}
