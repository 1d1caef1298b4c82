/** The menu in the bar: Escape or a click outside closes it. Opening is plain HTML (`details`). */

const menu = document.querySelector<HTMLDetailsElement>(".more");

for (const link of menu?.querySelectorAll<HTMLAnchorElement>("a") ?? []) {
  if (link.href === location.href) link.setAttribute("aria-current", "page");
}
addEventListener("click", (event) => menu?.contains(event.target as Node) || menu?.removeAttribute("open"));
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  event.stopPropagation();
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
