"use strict";
// Side-by-side pictures become a slider between two of them. Without this script they stay side by side.
(() => {
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };

  const slide = (stack, number) => {
    const figures = [...stack.querySelectorAll("figure")];
    if (figures.length < 2) return;
    const labels = figures.map((figure) => figure.querySelector("figcaption").textContent);
    const handle = element("div", {
      class: "handle", role: "slider", tabindex: 0, "aria-orientation": "horizontal",
      "aria-valuemin": 0, "aria-valuemax": 100,
    });
    const shown = { left: 0, right: 1 };
    let at = 50;

    const show = () => {
      figures.forEach((figure, place) => {
        // The same picture on both sides is shown as the right one: there is nothing to divide.
        figure.classList.toggle("right", place === shown.right);
        figure.classList.toggle("left", place === shown.left && place !== shown.right);
      });
      const [left, right] = [labels[shown.left], labels[shown.right]];
      handle.setAttribute("aria-label", `Divider between ${left} and ${right}`);
      move(at);
    };
    const move = (to) => {
      at = Math.min(100, Math.max(0, to));
      stack.style.setProperty("--at", `${at}%`);
      const whole = Math.round(at);
      handle.setAttribute("aria-valuenow", whole);
      handle.setAttribute("aria-valuetext", `${whole} % ${labels[shown.left]}, ${100 - whole} % ${labels[shown.right]}`);
    };
    const follow = (event) => {
      const box = stack.getBoundingClientRect();
      move((100 * (event.clientX - box.left)) / box.width);
    };

    stack.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      stack.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true, focusVisible: false });
      event.preventDefault();
      follow(event);
    });
    stack.addEventListener("pointermove", (event) => {
      if (stack.hasPointerCapture(event.pointerId)) follow(event);
    });
    handle.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? 10 : 1;
      const steps = { ArrowLeft: -far, ArrowDown: -far, ArrowRight: far, ArrowUp: far, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
      if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in steps)) return;
      event.preventDefault();
      move(at + steps[event.key]);
    });

    const choice = (side, title) => {
      const set = element("fieldset", { class: "choice" }, element("legend", {}, title));
      labels.forEach((label, place) => {
        const input = element("input", { type: "radio", name: `${side}-${number}` });
        input.checked = place === shown[side];
        input.addEventListener("change", () => { shown[side] = place; show(); });
        set.append(element("label", {}, input, element("span", {}, label)));
      });
      return set;
    };
    if (figures.length > 2) {
      stack.parentElement.before(element("div", { class: "choices" }, choice("left", "Left"), choice("right", "Right")));
    }
    stack.append(handle);
    stack.classList.add("slider");
    show();
  };

  document.querySelectorAll(".pictures").forEach(slide);
})();
