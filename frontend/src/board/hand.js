/** What is in hand: one card, where it is held over, and what the server says of every place for it. */
import htmx from "htmx.org";

const NOWHERE = "00000000-0000-0000-0000-000000000000";

export class Hand {
  card = null;
  row = null;
  column = 0;
  answer = null;
  byKeys = false;

  get isFull() {
    return this.card !== null;
  }

  /** Pick a card up, and ask where it may go. */
  take(card, byKeys = false) {
    Object.assign(this, { card, byKeys, row: null, column: 0, answer: null });
    card.classList.add("dragging");
    const address = card.closest("[data-board]")?.dataset.checkUrl;
    this.asked = address ? this.#ask(card, address) : Promise.resolve();
    if (byKeys) this.asked.then(() => this.#begin(card));
  }

  async #ask(card, address) {
    try {
      const answer = await fetch(address.replace(NOWHERE, card.dataset.dragId), { headers: { Accept: "application/json" } });
      if (!answer.ok || this.card !== card) return;
      this.answer = await answer.json();
      this.#paint();
      if (this.row) this.over(this.row, this.column, true);
    } catch {
      // Without an answer the drop itself says what is the matter.
    }
  }

  /** With the keys one begins where the card is, or at the first place that is free. */
  #begin(card) {
    if (this.card !== card) return;
    const rows = this.#rows();
    if (!rows.length) return this.leave();
    say(fill(this.answer?.words.taken, { title: this.answer?.title }));
    const own = card.closest("[data-drop-url]");
    if (own) return this.over(own, Number(card.dataset.start) || 1, true, true);
    for (const row of rows) {
      const free = this.#stretches(row).find((one) => one.state === "free");
      if (free) return this.over(row, free.start, true, true);
    }
    this.over(rows[0], 1, true, true);
  }

  /** Hold it over a quarter of a row; the ghost and the sentence follow. */
  over(row, column, again = false, quietly = false) {
    if (!this.isFull || (row === this.row && column === this.column && !again)) return;
    this.row?.classList.remove("drop-target");
    Object.assign(this, { row, column });
    document.querySelector(".drop-ghost")?.remove();
    if (!row) return say("");
    row.classList.add("drop-target");
    const track = row.querySelector(".timeline-track");
    const span = Math.min(this.answer?.span ?? 1, Number(track.dataset.columns) - column + 1);
    track.append(made("drop-ghost", column, span, `drop-ghost-${this.#stateHere()?.state ?? "free"}`));
    if (this.answer) {
      const words = this.#words(this.#stateHere()?.state);
      say(quietly ? `${document.getElementById("board-says")?.textContent ?? ""} ${words}` : words, this.#stateHere()?.state);
    }
    if (this.byKeys) track.querySelector(".drop-ghost").scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** A key while something is in hand; whether it was one of ours. */
  key(key) {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (key in steps) this.#step(...steps[key]);
    else if (key === "Enter" || key === " ") this.putDown();
    else if (key === "Escape" || key === "Tab") this.leave();
    return key in steps || ["Enter", " ", "Escape"].includes(key);
  }

  #step(people, quarters) {
    if (!this.row) return;
    const rows = this.#rows();
    const row = rows[Math.min(Math.max(rows.indexOf(this.row) + people, 0), rows.length - 1)];
    const columns = Number(row.querySelector(".timeline-track").dataset.columns);
    this.over(row, Math.min(Math.max(this.column + quarters, 1), columns));
  }

  /** Where it is blocked nothing is sent: the reason is said. Elsewhere the server decides, and asks what is to be confirmed. */
  putDown() {
    const { card, row, column, byKeys } = this;
    if (!row) return;
    if (this.#stateHere()?.state === "block") {
      const words = this.#words("refused");
      if (!byKeys) this.#empty();
      return say(words, "block");
    }
    this.#empty();
    say("");
    send(card, row, column);
  }

  /** Nothing has happened. */
  leave() {
    const { card, answer } = this;
    this.#empty();
    say(fill(answer?.words.left, { title: answer?.title }));
    card?.focus?.();
  }

  #empty() {
    this.card?.classList.remove("dragging");
    this.row?.classList.remove("drop-target");
    for (const mark of document.querySelectorAll(".drop-zone, .drop-ghost")) mark.remove();
    Object.assign(this, { card: null, row: null, column: 0, answer: null });
  }

  #rows() {
    return [...(this.card.closest("[data-board]")?.querySelectorAll("[data-drop-url]") ?? [])];
  }

  #stretches(row) {
    return this.answer?.people[row.dataset.person]?.stretches ?? [];
  }

  #stateHere() {
    const at = this.column;
    return this.row ? this.#stretches(this.row).find((one) => one.start <= at && at < one.start + one.span) : undefined;
  }

  #words(name = "free") {
    const why = this.#stateHere()?.why ?? "";
    const person = this.answer?.people[this.row.dataset.person]?.name ?? "";
    return fill(this.answer?.words[name], { name: person, time: this.answer?.times[this.column - 1] ?? "", why });
  }

  #paint() {
    for (const row of this.#rows()) {
      const track = row.querySelector(".timeline-track");
      for (const one of this.#stretches(row)) {
        const mark = made("drop-zone", one.start, one.span, `drop-zone-${one.state}`);
        if (one.span > 7 && one.why) mark.textContent = one.why;
        track.append(mark);
      }
    }
  }
}

function made(name, start, span, state) {
  const mark = document.createElement("div");
  mark.className = `${name} ${state} col-start-${start} col-span-${span}`;
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

/** One sentence for eyes and ears. */
function say(words, state = "") {
  const place = document.getElementById("board-says");
  if (!place) return;
  place.textContent = words ?? "";
  place.dataset.state = state;
}

function fill(sentence, figures) {
  return (sentence ?? "").replace(/\{(\w+)\}/g, (_whole, name) => figures[name] ?? "");
}

async function send(card, row, column) {
  const values = { item: card.dataset.dragId, column };
  if (card.dataset.version) values.version = card.dataset.version;
  row.classList.add("drop-busy");
  try {
    await htmx.ajax("POST", row.dataset.dropUrl, {
      source: row,
      target: row.closest("[data-board]"),
      swap: "outerHTML",
      values,
    });
    // What is to be confirmed, or what was done, comes next for eyes and ears alike.
    const next = document.getElementById("who-title") ?? document.querySelector("#board [role='status'] .alert");
    next?.setAttribute("tabindex", "-1");
    next?.focus({ preventScroll: !document.getElementById("who-title") });
  } finally {
    row.classList.remove("drop-busy");
  }
}
