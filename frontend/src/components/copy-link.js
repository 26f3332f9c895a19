/** <copy-link text="..."><button type="button">…</button><span role="status"></span></copy-link> */
class CopyLink extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => this.copy());
  }

  async copy() {
    const status = this.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(this.getAttribute("text"));
      status.textContent = this.dataset.copied;
    } catch {
      // No clipboard on plain http or when refused: select the text, so that the person can copy it.
      const shown = this.querySelector(".copy-text");
      if (shown) getSelection().selectAllChildren(shown);
      status.textContent = this.dataset.failed;
    }
  }
}

customElements.define("copy-link", CopyLink);
