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
  // After a refused form, the summary of its errors takes the focus.
  document.querySelector(".error-summary")?.focus();
  root.addEventListener("htmx:after:swap", () => {
    document.querySelector(".error-summary:not([data-seen])")?.focus();
  });
  // [data-submit-on-change]: filters and the language menu; they keep a button for those without JavaScript.
  root.addEventListener("change", (event) => {
    event.target.closest("form[data-submit-on-change]")?.requestSubmit();
  });
}
