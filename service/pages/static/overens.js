/* Saving, focus and keys. */
(() => {
  "use strict";
  function refuse() { throw new TypeError("No script"); }
  const rules = { createHTML: text => text, createScript: refuse, createScriptURL: refuse };
  const policy = window.trustedTypes ? trustedTypes.createPolicy("overens", rules) : rules;
  htmx.registerExtension("overens", { init: api => api.initSecurity(policy, refuse, refuse) });

  const on = (name, act) => document.addEventListener(name, act);
  const one = selector => document.querySelector(selector);
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const words = document.documentElement.dataset;

  /* Text the server has not got. */
  const unsaved = new Set(), sending = new Set();
  const formOf = element => element?.closest?.("form[data-warn]");
  const status = form => form?.querySelector("[data-saved]");
  const typed = () => each("form[data-unsaved],form[data-warn]:has([aria-invalid])", form => unsaved.add(form));
  on("input", ({ target }) => {
    const form = formOf(target);
    if (form) unsaved.add(form);
    if (status(form)) status(form).textContent = "";
  });
  on("submit", ({ target }) => unsaved.delete(target));
  addEventListener("beforeunload", event => {
    if ([...unsaved, ...sending].some(form => form.isConnected)) event.preventDefault();
  });

  const alarm = text => {
    one("#alarm").textContent = text;
    one("#alarm").hidden = !text;
  };
  const failed = (ctx, text) => {
    const form = formOf(ctx.sourceElement);
    sending.delete(form);
    if (form) unsaved.add(form);
    if (status(form)) status(form).textContent = words.unsaved;
    alarm(text);
  };
  on("htmx:before:request", ({ detail: { ctx } }) => {
    const form = formOf(ctx.sourceElement);
    if (!form) return;
    unsaved.delete(form);
    sending.add(form);
    if (ctx.target === status(form)) ctx.target.textContent = words.saving;
  });
  on("htmx:after:request", ({ detail: { ctx } }) => {
    sending.delete(formOf(ctx.sourceElement));
    if (ctx.response.status < 400) alarm("");
  });
  /* Refusals are told beside the text. */
  on("htmx:before:swap", event => {
    const { ctx } = event.detail, code = ctx.response.status, auto = ctx.target === status(formOf(ctx.sourceElement));
    if (auto && code > 399) unsaved.add(formOf(ctx.target));
    if (code !== 401 && code < 500) return;
    event.preventDefault();
    failed(ctx, code === 401 ? words.signedOut : words.failed);
  });
  on("htmx:error", ({ detail: { ctx } }) => ctx && failed(ctx, words.failed));
  on("htmx:after:swap", ({ detail: { ctx } }) => {
    each("table[data-grid]:not([role])", grid);
    if (ctx.target?.matches?.("[data-saved]")) return;
    typed();
    one("#said").textContent = one("#content [data-said]")?.textContent ?? "";
    const goal = one("#content .errors") || one("#content [data-focus]");
    if (!goal) return;
    goal.removeAttribute("data-focus");
    if (goal.tabIndex < 0) goal.tabIndex = -1;
    goal.focus();
  });

  /* One tab stop for the matrix; Enter opens a link. */
  const stop = cell => cell.querySelector("a,button") || cell;
  function grid(table) {
    table.setAttribute("role", "grid");
    const rows = [...table.rows].map(row => [...row.cells].filter(cell => cell.offsetParent).map(stop));
    const enter = to => rows.flat().forEach(it => { it.tabIndex = it === to ? 0 : -1; });
    enter((rows[1] || rows[0])[0]);
    table.addEventListener("focusin", ({ target }) => rows.flat().includes(target) && enter(target));
    table.addEventListener("keydown", event => {
      const y = rows.findIndex(row => row.includes(event.target)), x = rows[y]?.indexOf(event.target);
      const end = event.ctrlKey ? rows.length - 1 : y;
      const to = { ArrowUp: [y - 1, x], ArrowDown: [y + 1, x], ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1],
        Home: [event.ctrlKey ? 0 : y, 0], End: [end, rows[end]?.length - 1] }[event.key];
      if (y < 0 || !to) return;
      event.preventDefault();
      rows[to[0]]?.[to[1]]?.focus();
    });
  }
  each("table[data-grid]", grid);
  typed();
})();
