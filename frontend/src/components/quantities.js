/** Buttons around input[type=number][data-quantity]; without JavaScript the plain input does the work. */
export function enhanceQuantities(root) {
  for (const input of root.querySelectorAll("input[data-quantity]:not([data-quantity-ready])")) {
    input.dataset.quantityReady = "";
    let box = input.closest(".quantity");
    if (!box) {
      box = document.createElement("span");
      box.className = "quantity";
      input.replaceWith(box);
      box.append(input);
    }
    box.classList.add("quantity-ready");
    const less = button("−", input.dataset.less);
    const more = button("+", input.dataset.more);
    const refresh = () => {
      less.disabled = input.min !== "" && input.valueAsNumber <= Number(input.min);
      more.disabled = input.max !== "" && input.valueAsNumber >= Number(input.max);
    };
    const step = (direction) => {
      if (Number.isNaN(input.valueAsNumber)) input.value = input.min || "0";
      else direction > 0 ? input.stepUp() : input.stepDown();
      refresh();
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    };
    less.addEventListener("click", () => step(-1));
    more.addEventListener("click", () => step(1));
    input.addEventListener("input", refresh);
    box.prepend(less);
    box.append(more);
    refresh();
  }
}

function button(sign, label) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = sign;
  if (label) element.setAttribute("aria-label", label);
  return element;
}
