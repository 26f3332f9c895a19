/** Messages stay until the person closes them; the closed one gives the focus back to the page. */
export function enhanceMessages(root) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest(".alert-close");
    if (!button) return;
    button.closest(".alert").remove();
    document.getElementById("content")?.focus();
  });
}
