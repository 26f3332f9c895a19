/** A form is sent once: a second click on the way waits for the first (the server refuses doubles as well). */
export function enhanceForms(root) {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.dataset.resend !== undefined) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  // Back from the history: the form may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  sendOnChange(root);
  // After a refused form, the summary of its errors takes the focus.
  document.querySelector(".error-summary")?.focus();
  root.addEventListener("htmx:after:swap", () => {
    document.querySelector(".error-summary:not([data-seen])")?.focus();
  });
}

const ON_CHANGE = "form[data-submit-on-change]";
const PLACE = "sent-from";

/**
 * [data-submit-on-change]: filters and the language menu; they keep a button for those without JavaScript.
 *
 * A date or a choice that is being typed is not complete at its first change: it goes with Enter, with the button, or
 * when the keyboard leaves the form. The page that comes gives the focus back to where one was.
 */
function sendOnChange(root) {
  let typed = null; // the control that the keyboard changes step by step
  let waiting = null; // the form with something that was typed and not sent
  let left = null; // the control that the keyboard has just left

  root.addEventListener("keydown", (event) => {
    const { key, target, altKey } = event;
    if (["Tab", "Shift", "Control", "Alt", "Meta", "Escape"].includes(key)) return;
    // Space, F4 and Alt with an arrow open the list or the calendar: what is chosen there is complete.
    const opens = key === "Enter" || key === " " || key === "F4" || altKey;
    typed = opens || !target.closest(ON_CHANGE) ? null : target;
    if (key === "Enter" && waiting && target.matches("select")) waiting.requestSubmit();
  });
  root.addEventListener("pointerdown", () => {
    typed = null;
  });
  root.addEventListener("change", (event) => {
    const form = event.target.closest(ON_CHANGE);
    if (!form) return;
    if (event.target === typed && !event.target.matches("[type=checkbox], [type=radio]")) waiting = form;
    else form.requestSubmit();
  });
  root.addEventListener("focusout", (event) => {
    left = event.target;
    if (waiting && document.hasFocus() && !waiting.contains(event.relatedTarget)) waiting.requestSubmit();
  });
  root.addEventListener("submit", (event) => {
    waiting = null;
    const form = [...document.querySelectorAll(ON_CHANGE)].indexOf(event.target);
    const controls = [...event.target.elements];
    const control = controls.indexOf(controls.includes(document.activeElement) ? document.activeElement : left);
    if (form >= 0 && control >= 0) sessionStorage.setItem(PLACE, JSON.stringify([location.pathname, form, control]));
  });

  const [path, form, control] = JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
  sessionStorage.removeItem(PLACE);
  if (path === location.pathname) document.querySelectorAll(ON_CHANGE)[form]?.elements[control]?.focus();
}
