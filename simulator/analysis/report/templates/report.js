// Without this script the page is whole; with it findings can be filtered, links open what they lead to, and print shows it.
(() => {
  const form = document.getElementById("filter");
  const items = [...document.querySelectorAll("#findings .card, #findings .row")];
  const questions = [...document.querySelectorAll("#findings details.question")];
  const words = new Map();
  const keys = ["r", "c", "v", "l", "g", "j"];
  const textOf = (item) => {
    if (!words.has(item)) words.set(item, item.textContent.toLowerCase());
    return words.get(item);
  };
  const chosen = () => {
    const data = new FormData(form);
    const wanted = {};
    for (const key of keys) if (data.get(key)) wanted[key] = data.get(key);
    return [wanted, (data.get("w") || "").trim().toLowerCase()];
  };
  const apply = () => {
    const [wanted, said] = chosen();
    const filtered = said || Object.keys(wanted).length > 0;
    let shown = 0;
    for (const item of items) {
      const fits = Object.entries(wanted).every(([key, value]) => item.dataset[key] === value) && (!said || textOf(item).includes(said));
      item.hidden = !fits;
      shown += fits;
    }
    for (const heading of document.querySelectorAll("#findings .outcome")) {
      let any = false;
      for (let each = heading.nextElementSibling; each && !each.classList.contains("outcome"); each = each.nextElementSibling) {
        any = any || (each.tagName === "UL" ? [...each.children].some((row) => !row.hidden) : !each.hidden);
      }
      heading.hidden = filtered && !any;
    }
    for (const question of questions) {
      const any = [...question.querySelectorAll(".card, .row")].some((item) => !item.hidden);
      question.hidden = filtered && !any;
      if (filtered && any) question.open = true;
    }
    document.getElementById("shown").textContent = `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")} shown`;
  };
  const narrow = () => {
    const rubric = form.elements.r.value;
    for (const option of form.elements.c.options) option.hidden = option.disabled = Boolean(rubric && option.dataset.r && option.dataset.r !== rubric);
    if (form.elements.c.selectedOptions[0]?.disabled) form.elements.c.value = "";
  };
  let waiting;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(apply, 120); };
  form.addEventListener("input", () => { narrow(); soon(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { narrow(); apply(); for (const each of questions) each.open = false; }));
  const opener = document.getElementById("open");
  opener.addEventListener("click", () => {
    const opens = questions.some((each) => !each.hidden && !each.open);
    for (const each of questions) if (!each.hidden) each.open = opens;
    opener.textContent = opens ? "Close all" : "Open all";
  });
  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const open = () => {
      for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
      setTimeout(() => target.scrollIntoView());
    };
    if (target.closest("#findings") && target.closest("[hidden]")) {
      // It is filtered out: the filter is given up, and what that closes is opened again behind it.
      form.reset();
      setTimeout(open);
    } else open();
  };
  addEventListener("hashchange", reveal);
  form.hidden = false;
  apply();
  reveal();
})();
