import "@fontsource/atkinson-hyperlegible/latin-400.css";
import "@fontsource/atkinson-hyperlegible/latin-700.css";
import "@fontsource/atkinson-hyperlegible/latin-ext-400.css";
import "@fontsource/atkinson-hyperlegible/latin-ext-700.css";
import "./css/main.css";

import "htmx.org";

import "./components/copy-link.js";
import "./components/count-down.js";
import "./components/read-aloud.js";
import { enhanceDialogs } from "./components/dialogs.js";
import { enhanceForms } from "./components/forms.js";
import { enhanceMenus } from "./components/menus.js";
import { enhanceMessages } from "./components/messages.js";
import { enhancePasskeys } from "./components/passkeys.js";
import { enhanceQuantities } from "./components/quantities.js";

enhanceDialogs(document);
enhanceForms(document);
enhanceMenus(document);
enhanceMessages(document);
enhancePasskeys(document);
enhanceQuantities(document);

// On a telephone the page one is on may lie outside of its row of tabs.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});

// Fragments that htmx brings in are enhanced like the page itself.
document.addEventListener("htmx:after:swap", () => enhanceQuantities(document));
