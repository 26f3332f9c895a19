/**
 * Buttons in .quantity around input[type=number][data-quantity]; without JavaScript the plain input does the work.
 * The input itself stays where it is: moving it would take the focus away from whoever types already.
 */
export function enhanceQuantities(root) {
  for (const input of root.querySelectorAll(".quantity > input[data-quantity]:not([data-quantity-ready])")) {
    input.dataset.quantityReady = "";
    const box = input.parentElement;
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
    input.before(less);
    input.after(more);
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
