/** Menus are <details>: one open at a time, closed by Escape, by a click elsewhere and when the focus leaves. */
export function enhanceMenus(root) {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  root.addEventListener("click", (event) => close(event.target.closest("details.menu")));
  root.addEventListener("focusin", (event) => close(event.target.closest("details.menu")));
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    close(null);
    menu?.querySelector("summary").focus();
  });
}
