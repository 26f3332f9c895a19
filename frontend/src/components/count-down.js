/**
 * <count-down until="2026-11-23T14:32:00+00:00" server-now="…">
 *   Shows minutes:seconds until a moment, by the server's clock. Speaks at 2 minutes, 30 seconds and the end only.
 *   At the end it sends `count-down:over` and, with data-reload, loads the page again.
 */
class CountDown extends HTMLElement {
  connectedCallback() {
    this.until = Date.parse(this.getAttribute("until"));
    if (Number.isNaN(this.until)) return;
    // A phone with a wrong clock must not lose (or win) minutes.
    this.skew = Date.parse(this.getAttribute("server-now")) - Date.now() || 0;
    this.shown = this.querySelector(".countdown-time");
    this.voice = this.querySelector("[role=status]");
    this.previous = Infinity;
    this.tick();
    this.timer = setInterval(() => this.tick(), 1000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  tick() {
    const left = Math.max(0, Math.ceil((this.until - Date.now() - this.skew) / 1000));
    this.shown.textContent = clock(left);
    for (const [limit, words] of [
      [120, this.dataset.sayTwoMinutes],
      [30, this.dataset.sayThirtySeconds],
    ]) {
      if (left <= limit && this.previous > limit && left > 0) {
        this.voice.textContent = words;
        this.classList.add("countdown-soon");
      }
    }
    this.previous = left;
    if (left === 0) this.finish();
  }

  finish() {
    clearInterval(this.timer);
    this.classList.remove("countdown-soon");
    this.classList.add("countdown-over");
    this.shown.textContent = this.dataset.over;
    this.querySelector(".countdown-label")?.remove();
    this.voice.textContent = this.dataset.over;
    this.dispatchEvent(new CustomEvent("count-down:over", { bubbles: true }));
    if ("reload" in this.dataset) location.reload();
  }
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

customElements.define("count-down", CountDown);
