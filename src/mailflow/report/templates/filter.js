"use strict";
// Search, filter and open-all. The page says everything without it; what is chosen stands in the address.
{
  const VERDICTS = ["non-compliant", "not-verified", "waived", "compliant", "not-applicable"];
  const main = document.querySelector("main");
  const rows = [...main.querySelectorAll("[data-verdicts]")];
  const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), {textContent: text}, more);
  const texts = new Map();
  const textOf = row => {
    if (!texts.has(row)) {
      const whole = row.classList.contains("outcome") ? row.closest(".text") : row;
      texts.set(row, (row.textContent + " " + (whole === row ? "" : whole.firstElementChild.textContent)).toLowerCase());
    }
    return texts.get(row);
  };

  const form = make("form", "", {className: "filter"});
  form.setAttribute("role", "search");
  form.setAttribute("aria-label", "Filter this report");
  const words = make("input", "", {type: "search", name: "q", autocomplete: "off", spellcheck: false});
  const search = make("label", "Search ");
  search.append(words);
  const boxes = make("fieldset");
  boxes.append(make("legend", "Show"));
  const shown = VERDICTS.map(verdict => {
    const box = make("input", "", {type: "checkbox", value: verdict, checked: true});
    const label = make("label");
    label.append(box, " " + (verdict.startsWith("not-") ? verdict.replace("-", " ") : verdict));
    boxes.append(label);
    return box;
  });
  const parties = [...new Set(rows.flatMap(row => (row.dataset.mends || "").split("|")).filter(Boolean))].sort();
  const mends = make("select", "", {name: "mends"});
  mends.append(make("option", "anybody", {value: ""}), ...parties.map(party => make("option", party, {value: party})));
  const who = make("label", "Who mends ");
  who.append(mends);
  const open = make("button", "Open everything", {type: "button"});
  open.setAttribute("aria-pressed", "false");
  const told = make("output");
  form.append(search, boxes, ...(parties.length ? [who] : []), open, told);
  main.querySelector("nav").after(form);

  const apply = () => {
    const asked = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(shown.filter(box => box.checked).map(box => box.value));
    const all = wanted.size === VERDICTS.length;
    let count = 0;
    for (const row of rows) {
      const fits = (all || row.dataset.verdicts.split(" ").some(verdict => wanted.has(verdict)))
        && (!mends.value || row.matches("tr") || (row.dataset.mends || "").split("|").includes(mends.value))
        && asked.every(word => textOf(row).includes(word));
      if (row.hidden === fits) row.hidden = !fits;
      count += fits && !row.matches("tr");
    }
    for (const text of main.querySelectorAll(".text")) text.hidden = !text.querySelector(".outcome:not([hidden])");
    for (const section of main.querySelectorAll("section")) {
      const found = section.querySelectorAll(":scope > .finding");
      if (found.length) section.classList.toggle("emptied", [...found].every(one => one.hidden));
    }
    const total = rows.filter(row => !row.matches("tr")).length;
    told.textContent = count === total ? "" : `${count} of ${total} findings and outcomes are shown`;
  };
  const unfold = everything => {
    open.setAttribute("aria-pressed", String(everything));
    open.textContent = everything ? "Close everything" : "Open everything";
    for (const one of main.querySelectorAll("details")) one.open = everything;
  };

  const write = () => {
    const state = new URLSearchParams();
    if (words.value.trim()) state.set("q", words.value.trim());
    const wanted = shown.filter(box => box.checked).map(box => box.value);
    if (wanted.length < VERDICTS.length) state.set("show", wanted.join(","));
    if (mends.value) state.set("mends", mends.value);
    if (open.getAttribute("aria-pressed") === "true") state.set("open", "all");
    history.replaceState(null, "", `#?${state}`);
    apply();
  };
  const read = () => {
    const hash = location.hash.slice(1);
    if (!hash.startsWith("?")) {
      // A link to a finding that the filter hides, or to something in a closed part: show it.
      const target = hash && document.getElementById(hash);
      if (!target) return;
      for (let up = target; up && up !== main; up = up.parentElement) {
        up.hidden = false;
        if (up.matches("details")) up.open = true;
      }
      target.scrollIntoView();
      return;
    }
    const state = new URLSearchParams(hash.slice(1));
    words.value = state.get("q") || "";
    const wanted = state.has("show") ? state.get("show").split(",") : VERDICTS;
    for (const box of shown) box.checked = wanted.includes(box.value);
    mends.value = parties.includes(state.get("mends")) ? state.get("mends") : "";
    unfold(state.get("open") === "all");
    apply();
  };

  let later = 0;
  words.addEventListener("input", () => { clearTimeout(later); later = setTimeout(write, 120); });
  form.addEventListener("change", event => { if (event.target !== words) write(); });
  form.addEventListener("submit", event => { event.preventDefault(); write(); });
  open.addEventListener("click", () => { unfold(open.getAttribute("aria-pressed") !== "true"); write(); });
  addEventListener("hashchange", read);
  read();
}
