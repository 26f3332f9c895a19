/**
 * The desk, by keyboard and scanner. Everything here is a plain form or link without JavaScript as well.
 * A scanner types fast and ends with Enter, wherever the focus is: what it reads goes into the box.
 */
const TYPED_FAST = 45; // milliseconds between two signs of a scanner; fingers take longer
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
  } else if (lettersWork()) {
    document.querySelector(`[data-key="${key.toLowerCase()}"]`)?.click();
  }
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
    else {
      box.focus();
      box.value = signs;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }, TYPED_FAST);
}

if (box) {
  enhanceBox();
  addEventListener("keydown", listen, { capture: true });
  const letters = document.querySelector("[data-desk-letters]");
  letters.checked = lettersWork();
  letters.addEventListener("change", () => localStorage.setItem(LETTERS, letters.checked ? "on" : "off"));
  document.querySelector("[data-desk-asked]")?.focus();
}
