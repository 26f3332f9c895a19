/**
 * The desk, by keyboard and scanner. Everything here is a plain form or link without JavaScript as well.
 * A scanner types fast and ends with Enter, wherever the focus is: what it reads goes into the box.
 */
const TYPED_FAST = 90; // milliseconds between two signs of a scanner; fingers that press two keys take longer
const LETTERS = "desk-letters";

const box = document.querySelector("[data-desk-q]");
const found = document.getElementById("desk-found");

const isField = (element) =>
  element instanceof HTMLElement && (element.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName));

// --- the box and its list -----------------------------------------------------------------------------------------

const options = () => [...found.querySelectorAll("[role=option]")];
let current = -1;

function point(place) {
  const all = options();
  current = all.length ? (place + all.length) % all.length : -1;
  all.forEach((option, n) => option.setAttribute("aria-selected", String(n === current)));
  if (current < 0) box.removeAttribute("aria-activedescendant");
  else {
    box.setAttribute("aria-activedescendant", all[current].id);
    all[current].scrollIntoView({ block: "nearest" });
  }
}

function say() {
  const all = options();
  current = -1;
  box.setAttribute("aria-expanded", String(all.length > 0));
  box.removeAttribute("aria-activedescendant");
  if (all.length) box.setAttribute("aria-controls", "desk-options");
  else box.removeAttribute("aria-controls");
  const words = document.querySelector("[data-desk-count]");
  if (!box.value.trim()) words.textContent = "";
  else if (all.length === 0) words.textContent = words.dataset.none;
  else if (all.length === 1) words.textContent = words.dataset.one;
  else words.textContent = `${words.dataset.many} ${all.length}`;
}

function close() {
  found.replaceChildren();
  say();
}

function enhanceBox() {
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options().length) return;
      event.preventDefault();
      if (current < 0) point(event.key === "ArrowDown" ? 0 : -1);
      else point(current + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && current >= 0) {
      event.preventDefault();
      location.assign(options()[current].dataset.href);
    } else if (event.key === "Escape") {
      if (!box.value) box.blur(); // the letters are keys again
      box.value = "";
      close();
    }
  });
  found.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.href);
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!box.value.trim()) close();
    else say();
  });
}

// --- keys and scanner ---------------------------------------------------------------------------------------------

let typed = "";
let timer = 0;

function lettersWork() {
  return localStorage.getItem(LETTERS) !== "off";
}

function act(key) {
  if (key === "/") {
    box.focus();
    box.select();
  } else if (key === "?") {
    document.querySelector("[data-dialog-open=keys]").click();
  } else {
    const wanted = lettersWork() && /[a-z]/i.test(key) && document.querySelector(`[data-key="${key.toLowerCase()}"]`);
    if (wanted) wanted.click();
    else write(key); // somebody begins to type a name
  }
}

function write(signs) {
  box.focus();
  box.value = signs;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

/** One sign alone is a key; several in a row are a scanner. */
function listen(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || isField(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && typed.length > 1) {
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(timer);
    box.value = typed;
    typed = "";
    box.form.requestSubmit();
    return;
  }
  if (event.key.length !== 1 || event.key === " ") return;
  event.preventDefault();
  typed += event.key;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const signs = typed;
    typed = "";
    if (signs.length === 1) act(signs);
    else write(signs);
  }, TYPED_FAST);
}

if (box) {
  enhanceBox();
  addEventListener("keydown", listen, { capture: true });
  const letters = document.querySelector("[data-desk-letters]");
  letters.checked = lettersWork();
  letters.addEventListener("change", () => localStorage.setItem(LETTERS, letters.checked ? "on" : "off"));
  // Somebody new: on to what is not known yet; whoever may be meant is looked at first.
  const fields = [...document.querySelectorAll("[data-desk-form] input:not([type=hidden])")];
  fields.find((input) => !input.value)?.focus();
  document.querySelector("[data-desk-asked]")?.focus();
}

// --- a new order: "5 shi" Enter, Enter, Enter -------------------------------------------------------------------------

const plain = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase();

function enhanceOrder(form) {
  const quick = document.getElementById("desk-quick");
  const said = form.querySelector("[data-desk-quick-said]");
  const confirm = form.querySelector("[data-desk-confirm]");
  const rows = [...form.querySelectorAll("[data-order-row]")].map((row) => ({
    row,
    number: row.dataset.orderRow,
    input: row.querySelector("input, select"),
    words: plain(`${row.closest("fieldset").querySelector("legend").textContent} ${row.querySelector("label").textContent}`)
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean),
  }));

  function find(text) {
    const wanted = plain(text).split(/\s+/).filter(Boolean);
    if (!wanted.length) return null;
    return rows.find(({ words }) => wanted.every((part) => words.some((word) => word.startsWith(part)))) ?? null;
  }

  /** "5 shi" and "shi 5": so many of that; "3": the third row; "shi": that row. */
  function read(text) {
    const many = /^(\d+(?:[.,]\d+)?)\s+(\D.*)$/.exec(text) ?? null;
    const after = /^(\D.*?)\s+(\d+(?:[.,]\d+)?)$/.exec(text) ?? null;
    if (many) return { found: find(many[2]), count: many[1] };
    if (after) return { found: find(after[1]), count: after[2] };
    if (/^\d+$/.test(text)) return { found: rows.find(({ number }) => number === text) ?? null, count: "" };
    return { found: find(text), count: "" };
  }

  function mark(found) {
    for (const one of rows) one.row.toggleAttribute("data-current", one === found);
  }

  function toggleVisit() {
    const visit = form.querySelector("[data-order-visit]");
    if (!visit) return;
    visit.hidden = ![...form.querySelectorAll("[data-order-home] [data-order-row] :is(input, select)")].some(
      (input) => Number(input.value.replace(",", ".")) > 0,
    );
  }

  /** Somebody known: back to what they leave. Somebody new: on to the next field of theirs, then back. */
  function afterOther(other, field) {
    const fields = [...other.querySelectorAll("select, input")];
    const isKnown = field === fields[0] && field.value && field.value !== "new";
    const next = isKnown ? null : fields[fields.indexOf(field) + 1];
    (next ?? quick).focus();
  }

  form.querySelector("[data-desk-quick]").hidden = false;
  quick.addEventListener("input", () => mark(read(quick.value.trim()).found));
  form.addEventListener("input", toggleVisit);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.closest("button")) return;
    event.preventDefault();
    if (event.target !== quick) {
      const visit = event.target.closest("[data-order-visit]");
      const other = event.target.closest("[data-desk-for]");
      if (event.target.closest("summary")) event.target.click();
      else if (event.target.closest("#order-lines")) quick.focus();
      else if (other) afterOther(other, event.target);
      else if (visit) (form.elements.note ?? confirm).focus();
      else confirm.focus();
      return;
    }
    const text = quick.value.trim();
    if (!text) {
      const visit = form.querySelector("[data-order-visit]");
      if (visit && !visit.hidden) visit.querySelector("select").focus();
      else confirm.focus();
      return;
    }
    const other = form.querySelector("[data-desk-for]");
    if (plain(text) === plain(quick.dataset.for)) {
      quick.value = "";
      other.open = true;
      other.querySelector("select").focus();
      return;
    }
    const { found: row, count } = read(text);
    said.textContent = "";
    if (!row) {
      said.textContent = quick.dataset.none;
      return;
    }
    quick.value = "";
    mark(null);
    if (count) {
      row.input.value = count.replace(",", ".");
      row.input.dispatchEvent(new Event("input", { bubbles: true }));
      said.textContent = `${count} × ${row.row.querySelector("label").textContent}`;
    } else {
      row.input.focus();
      row.input.select?.();
    }
  });
  toggleVisit();
  if (!document.querySelector(".error-summary")) quick.focus();
}

const orderForm = document.querySelector("[data-desk-order]");
if (orderForm) enhanceOrder(orderForm);
if (document.querySelector("[data-print-now]")) addEventListener("load", () => print());
