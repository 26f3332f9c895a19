/** <read-aloud text="…" lang="fr"><button type="button">…</button></read-aloud>: the browser's own voice reads the text. */
class ReadAloud extends HTMLElement {
  connectedCallback() {
    this.button = this.querySelector("button");
    if (!("speechSynthesis" in window)) {
      this.hidden = true;
      return;
    }
    this.button.addEventListener("click", () => (this.speaking ? this.stop() : this.speak()));
  }

  disconnectedCallback() {
    if (this.speaking) this.stop();
  }

  speak() {
    speechSynthesis.cancel();
    const words = new SpeechSynthesisUtterance(this.getAttribute("text"));
    words.lang = this.getAttribute("lang") || document.documentElement.lang;
    words.rate = 0.9;
    words.onend = words.onerror = () => this.show(false);
    this.show(true);
    speechSynthesis.speak(words);
  }

  stop() {
    speechSynthesis.cancel();
    this.show(false);
  }

  show(speaking) {
    this.speaking = speaking;
    this.button.setAttribute("aria-pressed", String(speaking));
  }
}

customElements.define("read-aloud", ReadAloud);
