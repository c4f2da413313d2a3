// Questions to the person.
function ask(text, { value = null, kind = "text", yes = "ok" } = {}) {
  return new Promise((answer) => {
    const box = document.createElement("dialog");
    const label = box.appendChild(document.createElement("label"));
    label.textContent = text;
    label.htmlFor = "answer";
    const field = value === null ? null : box.appendChild(document.createElement("input"));
    if (field) { Object.assign(field, { id: "answer", type: kind, value, min: "1", max: "16", maxLength: 2000 }); }
    else box.setAttribute("aria-label", text);
    const row = box.appendChild(document.createElement("div"));
    row.className = "buttons";
    for (const [key, given] of [[yes, () => (field ? field.value : true)], ["cancel", () => null]]) {
      const button = row.appendChild(document.createElement("button"));
      button.textContent = say(key);
      button.addEventListener("click", () => { answer(given()); box.close(); });
    }
    field?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) { answer(field.value); box.close(); }
    });
    box.addEventListener("close", () => {
      answer(null);
      box.remove();
      if (document.activeElement === document.body) current?.focus({ preventScroll: true });
    });
    document.body.append(box);
    box.showModal();
    field?.select();
  });
}
